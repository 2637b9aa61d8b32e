"""The ledger: every claim of the thesis about its figures, beside what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from glassnet.study.study import Study
from glassnet.study.thesis import batches, cifar10, rates_and_momentum
from glassnet.study.thesis.evidence import Evidence, MissingRunsError
from glassnet.study.thesis.rules import Verdict

CLAIMS = (*rates_and_momentum.CLAIMS, *batches.CLAIMS, *cifar10.CLAIMS)
"""In the order of the thesis."""


@dataclass(frozen=True)
class Claim:
    """A claim of the thesis beside what was measured.

    Parameters
    ----------
    where : str
        Section and figure: "III-B, Fig. 8".
    claim, measured : str
        In words.
    verdict : Verdict
    """

    where: str
    claim: str
    measured: str
    verdict: Verdict


def ledger(studies: Mapping[str, Study]) -> list[Claim]:
    """Return every claim with what was measured; "not measured" where runs are missing.

    Parameters
    ----------
    studies : mapping of Study
        By name.
    """
    evidence = Evidence(studies)
    rows = []
    for where, says, judge in CLAIMS:
        try:
            measured, verdict = judge(evidence)
        except MissingRunsError as missing:
            measured, verdict = f"needs {missing}", "not measured"
        rows.append(Claim(where, says, measured, verdict))
    return rows
