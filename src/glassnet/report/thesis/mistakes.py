"""What is misclassified: the pairs that are confused, and the errors that all seeds share."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from glassnet.data import Dataset
from glassnet.figures.overlap import overlap
from glassnet.report.numbers import plural
from glassnet.report.sections import Drawing, Section
from glassnet.report.study_section import command, ran
from glassnet.report.thesis.answers import nothing_run, with_progress
from glassnet.report.thesis.confused_pairs import (
    confused,
    matrix_drawing,
    pairs_table,
    thesis_pair,
)
from glassnet.report.thesis.final_errors import Errors, errors_of
from glassnet.report.thesis.mistake_gallery import mistake_gallery
from glassnet.study import Study
from glassnet.study.comparison import number_word

KEY = "question-5-mistakes"
TITLE = "What is misclassified, and why?"
QUESTION = (
    "Which digits and objects does the network take for which, and do networks from different "
    "seeds err on the same images?"
)
NAMES = {"figure-12": "MNIST", "figure-14": "CIFAR-10"}
"""The studies whose last predictions are looked at."""


def section(studies: Mapping[str, Study], *, data_dir: str | Path | None = None) -> Section:
    """Return the section of the question what is misclassified."""
    made = [studies[name] for name in NAMES if name in studies]
    run = [study for study in made if not nothing_run(study)]
    if not run:
        return Section(
            KEY, TITLE, QUESTION, ["Nothing of this has been run, so there is no answer yet."],
            command="\n".join(command(study) for study in made),
        )  # fmt: skip
    made_of = [errors_of(study, NAMES[study.name], data_dir) for study in run]
    found = [errors for errors in made_of if errors is not None]
    answer = _answer(found, run)
    return Section(
        key=KEY,
        title=TITLE,
        question=QUESTION,
        answer=with_progress(made, answer[:1]),
        findings=answer[1:],
        drawings=[drawing for errors in found for drawing in _drawings(errors)],
        tables=[pairs_table(errors) for errors in found],
        ran=" ".join(f"{NAMES[study.name]}: {ran(study)}" for study in run),
        command="\n".join(command(study) for study in run),
    )


def _answer(found: Sequence[Errors], run: Sequence[Study]) -> list[str]:
    if not found:
        names = " and ".join(NAMES[study.name] for study in run)
        return [f"The data ({names}) is not here, and without it predictions cannot be judged."]
    short = [text for errors in found if (text := _short(errors))]
    seen = [confused(errors) for errors in found]
    return [
        " ".join(short) or "With one seed, or without the data, errors cannot be compared.",
        *seen,
        *(text for errors in found for text in _why(errors)),
        *(text for errors in found for text in thesis_pair(errors)),
        *(
            f"The images of {errors.name} are not here, so none is shown and errors are not "
            "compared image by image."
            for errors in found
            if errors.test is None
        ),
    ]


def _short(errors: Errors) -> str:
    """Say whether the errors of the seeds are the same images."""
    shared = errors.shared
    if shared is None or np.isnan(shared.overlap):
        return ""
    same = "the same images" if shared.overlap > 0.5 else "partly the same images"
    if shared.overlap < 2 * shared.overlap_expected:
        same = "hardly more the same images than by chance"
    seeds = number_word(len(errors.predicted))
    return (
        f"{errors.name}: the errors of {seeds} seeds are {same}. Of what either of two seeds gets "
        f"wrong, both get {100 * shared.overlap:.0f} % wrong ({_jaccard_range(errors)} over pairs "
        f"of seeds; by chance {100 * shared.overlap_expected:.0f} %)."
    )


def _jaccard_range(errors: Errors) -> str:
    assert errors.test is not None  # noqa: S101 what is shared is known from the data
    wrong = errors.predicted != errors.test.y
    found = [
        100 * float(np.sum(a & b) / max(np.sum(a | b), 1))
        for a, b in itertools.combinations(wrong, 2)
    ]
    return f"{min(found):.0f} to {max(found):.0f} %"


def _why(errors: Errors) -> list[str]:
    """Say how many images all seeds get wrong, and whether they agree on what they see."""
    shared, seeds = errors.shared, len(errors.predicted)
    if shared is None or errors.test is None:
        return []
    always = shared.always_wrong
    a_seed = float((errors.predicted != errors.test.y).sum(axis=1).mean())
    chance = shared.expected[-1]
    text = (
        f"{errors.name}: {plural(len(always), 'image')} of {errors.predicted.shape[1]:,} "
        f"{'is' if len(always) == 1 else 'are'} wrong in all {number_word(seeds)} seeds "
        f"(by chance {chance:,.0f})"
    )
    if len(always) == 0:
        return [f"{text}."]
    agree = int((errors.predicted[:, always] == errors.predicted[0, always]).all(axis=0).sum())
    expected = _agreement_expected(errors, errors.test.y[always].astype(np.intp))
    told = "more than by chance" if agree > expected else "no more than by chance"
    if agree >= 2 * expected:
        told = "so such networks agree not only on which images, but on what they take them for"
    text += (
        f", which is {100 * len(always) / a_seed:.0f} % of the {a_seed:,.0f} errors of a seed. For "
        f"{agree:,} of them all seeds give the same wrong class ({expected:,.1f}, if each seed "
        f"drew it anew from what it takes that class for): {told}."
    )
    return [text]


def _agreement_expected(errors: Errors, true: NDArray[np.intp]) -> float:
    """Return for how many images, wrong in all seeds, independent errors would be of one class."""
    wrong = errors.confusions * (1 - np.eye(len(errors.classes)))
    shares = wrong / np.maximum(wrong.sum(axis=2, keepdims=True), 1)
    alike = shares.prod(axis=0).sum(axis=1)  # by true class
    return float(alike[true].sum())


def _drawings(errors: Errors) -> list[Drawing]:
    drawn = []
    name = errors.name.lower().replace("-", "")
    shared = errors.shared
    if shared is not None and errors.test is not None:
        drawn.append(
            Drawing(
                f"{KEY}-{name}-overlap",
                overlap(shared.counts, shared.expected),
                f"{errors.name}: images by how many seeds get them wrong: "
                + ", ".join(f"{k}: {count}" for k, count in enumerate(shared.counts)),
                f"{errors.name}: test images by the number of seeds that get them wrong, beside "
                "what it would be if each seed's errors fell on images at random.",
            )
        )
        if len(shared.always_wrong):
            drawn.append(_gallery(errors, errors.test, shared.always_wrong, name))
    if errors.name == NAMES["figure-14"]:
        drawn.append(matrix_drawing(errors, f"{KEY}-{name}-confusion"))
    return drawn


def _gallery(errors: Errors, test: Dataset, always: NDArray[np.intp], name: str) -> Drawing:
    """Draw the images that all seeds get wrong, those first of which they are surest."""
    sure = errors.confidence[:, always].mean(axis=0)
    chosen = always[np.argsort(-sure, kind="stable")]
    most = [int(np.bincount(column).argmax()) for column in errors.predicted[:, chosen].T]
    figure, shown = mistake_gallery(
        test.x[chosen],
        [errors.classes[label] for label in test.y[chosen]],
        [errors.classes[label] for label in most],
    )
    caption = (
        f"{errors.name}: {shown} of the {plural(len(always), 'test image')} that all seeds get "
        "wrong, those first of which the seeds are surest on average; the true class, and what "
        "most seeds take it for."
    )
    return Drawing(f"{KEY}-{name}-always-wrong", figure, caption, caption)
