"""What is misclassified: the pairs that are confused, and the errors that all seeds share."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from glassnet.data import Dataset
from glassnet.figures.confusion import confusion_matrix
from glassnet.figures.overlap import overlap
from glassnet.report.numbers import plural
from glassnet.report.sections import Drawing, Section, TextTable
from glassnet.report.study_section import command, ran
from glassnet.report.thesis.answers import nothing_run, with_progress
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
PAIR = ("automobile", "truck")
"""Which the thesis names."""
TOP = 10


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
    return Section(
        key=KEY,
        title=TITLE,
        question=QUESTION,
        answer=with_progress(made, _answer(found, run)),
        drawings=[drawing for errors in found for drawing in _drawings(errors)],
        tables=[_pairs(errors) for errors in found],
        ran=" ".join(f"{NAMES[study.name]}: {ran(study)}" for study in run),
        command="\n".join(command(study) for study in run),
    )


def _answer(found: Sequence[Errors], run: Sequence[Study]) -> list[str]:
    if not found:
        names = " and ".join(NAMES[study.name] for study in run)
        return [f"The data ({names}) is not here, and without it predictions cannot be judged."]
    short = [text for errors in found if (text := _short(errors))]
    seen = [_confused(errors) for errors in found]
    return [
        " ".join(short) or "With one seed, or without the data, errors cannot be compared.",
        *seen,
        *(text for errors in found for text in _why(errors)),
        *(text for errors in found for text in _thesis_pair(errors)),
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
    text += (
        f", which is {100 * len(always) / a_seed:.0f} % of the {a_seed:,.0f} errors of a seed. For "
        f"{agree:,} of them all seeds give the same wrong class: it lies in the image, as such a "
        "network sees it, and not in the initial weights."
    )
    return [text]


def _confused(errors: Errors) -> str:
    """Name the pairs of classes that are taken for each other most often."""
    first = _ranked(errors)[:3]
    told = ", ".join(
        f"{a} and {b} ({mean:.0f} images, {low:.0f} to {high:.0f})"
        for a, b, mean, low, high in first
    )
    return f"{errors.name}, taken for each other most often, mean and range over seeds: {told}."


def _ranked(errors: Errors) -> list[tuple[str, str, float, float, float]]:
    """Return pairs of classes with how often they are confused: mean, least and most over seeds."""
    both = errors.confusions + errors.confusions.transpose(0, 2, 1)
    pairs = [
        (errors.classes[a], errors.classes[b], *_spread(both[:, a, b]))
        for a, b in itertools.combinations(range(len(errors.classes)), 2)
    ]
    return sorted(pairs, key=lambda pair: -pair[2])


def _spread(values: NDArray[np.float64]) -> tuple[float, float, float]:
    return float(values.mean()), float(values.min()), float(values.max())


def _thesis_pair(errors: Errors) -> list[str]:
    """Say which place the pair that the thesis names has."""
    if not set(PAIR) <= set(errors.classes):
        return []
    ranked = _ranked(errors)
    place = next(i for i, pair in enumerate(ranked, 1) if {pair[0], pair[1]} == set(PAIR))
    a, b = (errors.classes.index(name) for name in PAIR)
    both = errors.confusions + errors.confusions.transpose(0, 2, 1)
    pairs = both[:, *np.triu_indices(len(errors.classes), 1)]
    ranks = 1 + (pairs > both[:, a, b][:, np.newaxis]).sum(axis=1)
    text = f"The thesis names trucks and automobiles: on average they have place {place} of the "
    seeds = f"in single seeds {ranks.min()} to {ranks.max()}"
    return [f"{text}{len(ranked)} pairs of classes ({seeds})."]


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
        drawn.append(_matrix(errors, name))
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


def _matrix(errors: Errors, name: str) -> Drawing:
    """Draw the mean confusion matrix, rounded to whole images."""
    mean = _whole(errors.confusions.mean(axis=0))
    true, predicted = (np.repeat(index.ravel(), mean.ravel()) for index in np.indices(mean.shape))
    figure = confusion_matrix(true, predicted, errors.classes)
    first = _ranked(errors)[0]
    return Drawing(
        f"{KEY}-{name}-confusion",
        figure,
        f"{errors.name}: {first[0]} and {first[1]} are confused most, {first[2]:.0f} times",
        f"{errors.name}: which classes are taken for which, mean over seeds after the last epoch.",
    )


def _whole(means: NDArray[np.float64]) -> NDArray[np.intp]:
    """Round means to whole images so that each class keeps its number of examples."""
    whole = np.floor(means).astype(np.intp)
    for row, mean in zip(whole, means, strict=True):
        missing = round(float(mean.sum())) - int(row.sum())
        row[np.argsort(row - mean, kind="stable")[:missing]] += 1
    return whole


def _pairs(errors: Errors) -> TextTable:
    """Return which class is taken for which most often."""
    means = errors.confusions.mean(axis=0)
    order = np.argsort(-np.where(np.eye(len(means), dtype=bool), -1, means), axis=None)[:TOP]
    rows = []
    for true, predicted in zip(*np.unravel_index(order, means.shape), strict=True):
        mean, low, high = _spread(errors.confusions[:, true, predicted])
        if mean > 0:
            share = 100 * mean / max(means[true].sum(), 1)
            told = [f"{mean:.1f}", f"{low:.0f} to {high:.0f}", f"{share:.1f} %"]
            rows.append([errors.classes[true], errors.classes[predicted], *told])
    headings = ["Class", "Taken for", "Images (mean)", "Seeds' range", "Of the class"]
    return TextTable(headings, rows, f"{errors.name}: what is taken for what most often", 2)
