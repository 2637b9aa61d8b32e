"""Studies: a question, a recipe, what of it varies, a number of seeds, and honest statistics."""

from typing import TYPE_CHECKING

from glassnet.extras import require
from glassnet.lazy import lazy_names

for _module in ("pydantic", "tomli_w"):
    require(_module, "cli")
for _module in ("pandas", "scipy", "joblib", "threadpoolctl"):
    require(_module, "study")

from glassnet.study.definition import (  # noqa: E402 after the friendly refusal
    THESIS,
    StudyError,
    StudyTable,
    load_study,
    shipped_studies,
)
from glassnet.study.design import Cell, RunSpec  # noqa: E402
from glassnet.study.running import Failed, Finished  # noqa: E402
from glassnet.study.steps import Step  # noqa: E402
from glassnet.study.study import Study, run_studies  # noqa: E402

if TYPE_CHECKING:
    from glassnet.study.analysis import Analysis, analyse
else:
    # What performs runs needs no statistics, which take a second to import in every process.
    __getattr__ = lazy_names(
        __name__, {"Analysis": "glassnet.study.analysis", "analyse": "glassnet.study.analysis"}
    )

__all__ = [
    "THESIS",
    "Analysis",
    "Cell",
    "Failed",
    "Finished",
    "RunSpec",
    "Step",
    "Study",
    "StudyError",
    "StudyTable",
    "analyse",
    "load_study",
    "run_studies",
    "shipped_studies",
]
