"""How Sphinx builds the documentation: ``nox -s docs``."""

from __future__ import annotations

import re
import sys
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parent))

project = "glassnet"
author = "The glassnet authors"
copyright = author  # noqa: A001 the name that Sphinx looks for
release = version = version_of("glassnet")

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "_static", "_templates", "examples", "sg_execution_times.rst"]
templates_path = ["_templates"]
html_theme = "furo"
html_title = f"glassnet {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]

myst_enable_extensions = ["attrs_inline", "colon_fence", "dollarmath"]
myst_heading_anchors = 3

default_role = "py:obj"

autosummary_generate = True
autosummary_imported_members = True
autodoc_typehints = "none"  # numpydoc's sections have them, with shapes and ranges
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"/\d",
    "ignore_pattern": r"__init__\.py",
    "default_thumb_file": str(Path(__file__).parent / "images" / "cifar10-94-feature-maps.png"),
    "image_scrapers": ("glassnet_scraper.scrape",),
    "ignore_repr_types": r"matplotlib",
    "remove_config_comments": True,
    "download_all_examples": False,
    "show_signature": False,
    "min_reported_time": 1e9,
    "within_subsection_order": "FileNameSortKey",
    "only_warn_on_example_error": False,
    "abort_on_example_error": True,
}

# Links that lead out of this folder, and the pages that stand for what is there.
_OUTSIDE = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "models/README.md": "models.md",
}
_TITLES = {"thesis/ledger": "Ledger of the thesis' claims", "thesis/answers": "Its open questions"}
_LITERAL = re.compile(r"(``.*?``)")
_FILE_AS_TEXT = re.compile(r"\[`?[\w./-]+\.md`?\]\(([\w./-]+\.md(?:#[\w-]+)?)\)")
_FILE = re.compile(r"`docs/([\w/-]+)\.md`")
_WAY_BACK = re.compile(
    r'(class="viewcode-back" href="[^"#]*?((?:\w+\.)*(\w+))\.html)#[\w.]*?\b\3\b([\w.]*)"'
)
_ELSEWHERE = re.compile(r":ref:`([^<`]+) <[^>]+>`")


def _lead_inside(app: Sphinx, docname: str, source: list[str]) -> None:
    """Let the links of a page lead to pages; the pages of the folder above are read from there."""
    text = source[0]
    for outside, inside in _OUTSIDE.items():
        if docname + ".md" == inside:
            text = (Path(app.srcdir).parent / outside).read_text("utf-8")
            text = text.replace("](docs/", "](").replace("](../docs/", "](")
            for name, page in _OUTSIDE.items():
                text = text.replace(f"]({name}", f"]({page}")
    up = "../" * (1 + docname.count("/"))
    for outside, inside in _OUTSIDE.items():
        text = text.replace(f"]({up}{outside}", f"]({up[3:]}{inside}")
    text = text.replace(f"[README]({up}README.md)", "README")  # no page of the site
    text = _FILE_AS_TEXT.sub(r"[](\1)", text)  # the site says a page's title, not its file
    text = _FILE.sub(r"[](/\1.md)", text)
    title = _TITLES.get(docname)
    source[0] = f"# {title}\n\n{text}" if title else text


def _escape_stars(*event: Any) -> None:  # noqa: ANN401
    """Let ``(n, *input_shape)`` in the type of a parameter be no beginning of an emphasis."""
    lines: list[str] = event[-1]
    for at, line in enumerate(lines):
        parts = _LITERAL.split(line)
        parts[::2] = [part.replace(", *", r", \*") for part in parts[::2]]
        lines[at] = "".join(parts)


def _lead_to_pages(*event: Any) -> None:  # noqa: ANN401
    """Let a docstring that names a page lead to it; let labels of other projects be plain text."""
    lines: list[str] = event[-1]
    for at, line in enumerate(lines):
        lines[at] = _ELSEWHERE.sub(r"\1", _FILE.sub(r":doc:`/\1`", line))


def _skip(*event: Any) -> bool:  # noqa: ANN401
    """Leave out what scikit-learn and pydantic write into each class for themselves."""
    _, _, name, _, skip, _ = event
    return skip or bool(re.fullmatch(r"set_\w+_request|model_config", name))


def _lead_back(*event: Any) -> None:  # noqa: ANN401
    """Let a source lead back to its names: viewcode takes all of a file to be of one package."""
    context = event[3]
    if "body" in context:
        context["body"] = _WAY_BACK.sub(r'\1#\2\4"', context["body"])


def setup(app: Sphinx) -> None:
    """Let pages be read in the repository and here."""
    app.connect("source-read", _lead_inside)
    app.connect("autodoc-process-docstring", _escape_stars, priority=0)
    app.connect("autodoc-process-docstring", _lead_to_pages, priority=0)
    app.connect("autodoc-skip-member", _skip)
    app.connect("html-page-context", _lead_back)
