from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

# reference.py stands beside the tests and is no test: give it a name to import it by
_spec = importlib.util.spec_from_file_location(
    "reference", Path(__file__).with_name("reference.py")
)
assert _spec is not None
assert _spec.loader is not None
reference = importlib.util.module_from_spec(_spec)
sys.modules["reference"] = reference
_spec.loader.exec_module(reference)
