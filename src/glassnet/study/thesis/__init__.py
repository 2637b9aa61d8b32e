"""The thesis: its studies, one file each, and its claims beside what the studies measured."""

from glassnet.study.thesis.evidence import Evidence
from glassnet.study.thesis.ledger import CLAIMS, Claim, ledger

__all__ = ["CLAIMS", "Claim", "Evidence", "ledger"]
