"""Finds links within the built site that lead nowhere: ``python docs/check_links.py FOLDER``."""

from __future__ import annotations

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class _Page(HTMLParser):
    """The anchors of a page, and what it leads to."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.anchors, self.links = {"", "top"}, set[str]()
        self.feed(file.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        for name, value in attrs:
            if value and name in {"id", "name"}:
                self.anchors.add(value)
            elif value and name in {"href", "src"}:
                self.links.add(value)


def broken_links(site: Path) -> list[str]:
    """Return a line for each link to a file or an anchor that is missing; no address is asked."""
    site = site.resolve()
    pages = {file: _Page(file) for file in sorted(site.rglob("*.html"))}
    found = []
    for file, page in pages.items():
        for link in sorted(page.links):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            known = pages[target].anchors if target in pages else {unquote(parts.fragment)}
            if not target.is_file() or unquote(parts.fragment) not in known:
                found.append(f"{file.relative_to(site).as_posix()}: {link!r}")
    return found


if __name__ == "__main__":
    if broken := broken_links(Path(sys.argv[1])):
        sys.exit("these links lead nowhere:\n" + "\n".join(broken))
