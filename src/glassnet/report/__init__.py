"""A run as one HTML page that needs nothing else: no server, no network, no script."""

from __future__ import annotations

from glassnet.extras import require

require("jinja2", "cli")

from glassnet.report.run_page import run_page, write_run_page  # noqa: E402

__all__ = ["run_page", "write_run_page"]
