"""The thesis: its studies, one file each, and its claims beside what the studies measured."""

from glassnet.study.thesis.claims import CLAIMS, ledger
from glassnet.study.thesis.evidence import Claim, Evidence

__all__ = ["CLAIMS", "Claim", "Evidence", "ledger"]
