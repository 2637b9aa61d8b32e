"""From a template to the HTML of a page."""

from __future__ import annotations

from typing import Any

import jinja2

from glassnet.report.numbers import duration, number, percent


def render(template: str, **content: Any) -> str:  # noqa: ANN401 whatever the template shows
    """Return the HTML that a template makes of its content; texts in it are no markup.

    Parameters
    ----------
    template : str
        Its file in ``templates/``.
    **content
        What the template names.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("glassnet.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(percent=percent, number=number, duration=duration)
    return environment.get_template(template).render(content)
