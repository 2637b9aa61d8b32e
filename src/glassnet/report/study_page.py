"""The page of a study or of several, with its figures and tables beside it as files."""

from __future__ import annotations

import base64
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from matplotlib.figure import Figure

from glassnet.figures import save
from glassnet.report.numbers import plural
from glassnet.report.pictures import Picture, png_picture
from glassnet.report.rendering import render
from glassnet.report.sections import Drawing, Page, Section
from glassnet.report.study_section import study_section
from glassnet.report.thesis import thesis_page
from glassnet.storage import atomic_write
from glassnet.study import THESIS, Study, StudyError
from glassnet.study.commands import command_line
from glassnet.study.thesis import Claim

_LONG = 12  # tables with more rows fold


def write_study_report(
    studies: Sequence[Study],
    *,
    name: str | None = None,
    path: str | Path | None = None,
    data_dir: str | Path | None = None,
) -> Path:
    """Write the page of the studies, and beside it their figures and tables.

    Parameters
    ----------
    studies : sequence of Study
        In one folder.
    name : str, optional
        ``"thesis"`` makes the page of the thesis: with the ledger of claims, and sections that know
        what each study is about. By default it is the page of the first study. Either names the
        folder that the files go to, below that of the studies.
    path : path-like, optional
        Of the page; by default ``report.html`` in that folder.
    data_dir : path-like, optional
        Where to look first for the data, of which some pictures show examples.

    Returns
    -------
    Path
        Of the page. Beside it are ``figures/*.svg`` and ``*.png``; for each study ``NAME.csv``, a
        row for each run and epoch, and ``NAME-tests.csv``; and of the thesis ``ledger.md`` and
        ``answers.md``.

    Raises
    ------
    StudyError
        If no run has finished.
    OSError
        If a file cannot be written.
    """
    called = studies[0].name if name is None else name
    if not any(study.archive.has(spec) for study in studies for spec in study.specs):
        raise StudyError(
            f"no run of {called} has finished, so there is nothing to report; "
            f"first: {command_line('run', studies) or 'study.run()'}"
        )
    folder = studies[0].archive.folder / called
    page = Path(path) if path is not None else folder / "report.html"
    (page.parent / "figures").mkdir(parents=True, exist_ok=True)
    if name == THESIS:
        content = thesis_page(studies, data_dir=data_dir)
    else:
        section = study_section(studies[0])
        content = Page(section.title, [], [section])
    content = replace(content, facts=facts(studies))
    pictures = dict(_kept(content, page.parent / "figures"))
    html = render(
        "study.html.jinja",
        page=content,
        pictures=pictures,
        counts=counts(content.ledger),
        long=_LONG,
    )
    with atomic_write(page) as file:
        file.write(html.encode())
    if content.ledger:
        texts = {"ledger": ledger_text(content.ledger), "answers": answers_text(content.sections)}
        for stem, text in texts.items():
            with atomic_write(page.parent / f"{stem}.md") as file:
                file.write(text.encode())
    for study in studies:
        for table, ending in ((study.results(), ""), (study.tests(), "-tests")):
            with atomic_write(page.parent / f"{study.name}{ending}.csv") as file:
                table.drop(columns="run").to_csv(file, index=False, float_format="%.7g")
    return page


def counts(ledger: Sequence[Claim]) -> str:
    """Say how often each verdict stands in the ledger."""
    verdicts = Counter(row.verdict for row in ledger)
    told = ", ".join(f"{number} {verdict}" for verdict, number in verdicts.most_common())
    return f"{plural(len(ledger), 'claim')}: {told}."


def ledger_text(ledger: Sequence[Claim]) -> str:
    """Return the ledger as a table in Markdown, with the sum above it."""
    rows = [("where", "the thesis", "measured", "verdict"), ("---",) * 4]
    rows += [(row.where, row.claim, row.measured, row.verdict) for row in ledger]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return f"{counts(ledger)}\n\n{table}\n"


def answers_text(sections: Sequence[Section]) -> str:
    """Return the open questions with their short answers, as a list in Markdown."""
    questions = (s for s in sections if s.key.startswith("question-") and s.answer)
    return "".join(f"- *{section.title}* {section.answer[0]}\n" for section in questions)


def facts(studies: Sequence[Study]) -> list[tuple[str, str]]:
    """Return what computed the runs: each version, all of them where they differ."""
    found: dict[str, set[str]] = {}
    for study in studies:
        for _, _, run in study.finished():
            for key, value in run.versions.items():
                found.setdefault(key, set()).add(value)
    return [(key, ", ".join(sorted(values))) for key, values in found.items()]


def _kept(page: Page, folder: Path) -> Iterable[tuple[str, Picture]]:
    """Write all drawings to files; yield them as the page holds them."""
    for section in page.sections:
        for drawing in section.drawings:
            yield drawing.name, _keep(drawing, folder)


def _keep(drawing: Drawing, folder: Path) -> Picture:
    svg = folder / f"{drawing.name}.svg"
    if isinstance(drawing.figure, Figure):
        save(drawing.figure, svg)
        return png_picture(save(drawing.figure, folder / f"{drawing.name}.png"))
    with atomic_write(svg) as file:
        file.write(drawing.figure.encode())
    return svg_picture(drawing.figure)


def svg_picture(text: str) -> Picture:
    """Return an SVG document as a picture, as large as its ``viewBox`` says."""
    box = re.search(r'viewBox="([^"]+)"', text)
    if box is None:
        raise ValueError("the SVG document has no viewBox, so its size is unknown")
    _, _, width, height = map(float, box[1].split())
    uri = "data:image/svg+xml;base64," + base64.b64encode(text.encode()).decode("ascii")
    return Picture(uri, round(width), round(height))
