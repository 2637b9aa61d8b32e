"""What happened in training: one plain record an epoch."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from glassnet.lazy import shown_in_notebooks
from glassnet.names import lookup
from glassnet.optim.monitoring import should_rise

Record = dict[str, Any]


class History:
    """The records of all epochs, of all phases, in order.

    Every record has ``epoch`` (1, 2, ...), ``phase``, ``batch_size``, ``learning_rate`` (of the
    last step), ``steps``, the metrics of the training examples as they went by (``loss``,
    ``accuracy``, ...; each example with the weights of its step), those of the validation set after
    the epoch (``validation_loss``, ...), and wall times in seconds: ``seconds`` of the training,
    ``validation_seconds``.

    Examples
    --------
    >>> history = History([{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 0.25}])
    >>> history.column("loss")
    [0.5, 0.25]
    >>> history.best("loss")
    {'epoch': 2, 'loss': 0.25}
    """

    def __init__(self, records: Iterable[Record] = ()) -> None:
        self.records: list[Record] = list(records)

    def __len__(self) -> int:
        return len(self.records)

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records)

    def __getitem__(self, index: int) -> Record:
        return self.records[index]

    _repr_html_ = shown_in_notebooks("history_html")

    def column(self, key: str) -> list[Any]:
        """Return one number of every epoch; None where a record lacks it.

        Raises
        ------
        ValueError
            If no record has it.
        """
        lookup({k: True for record in self.records for k in record}, key, "key of the history")
        return [record.get(key) for record in self.records]

    def best(self, key: str) -> Record:
        """Return the first record with the best value: the highest accuracy, else the lowest.

        Raises
        ------
        ValueError
            If no record has a finite value, or it is not a single number.
        """
        column = self.column(key)
        if any(isinstance(value, list) for value in column):
            raise ValueError(f"{key} is not a single number; see column({key!r})")
        sign = -1.0 if should_rise(key) else 1.0
        values = [math.inf if v is None else sign * v for v in column]
        finite = [value for value in values if math.isfinite(value)]
        if not finite:
            raise ValueError(f"no epoch has a finite {key}")
        return self.records[values.index(min(finite))]

    def to_json(self) -> str:
        """Return the records as a JSON array. NaN becomes null: JSON knows none."""
        return json.dumps(self._plain_records())

    @classmethod
    def from_json(cls, text: str) -> History:
        """Read what `to_json` wrote.

        Raises
        ------
        ValueError
            If it is something else.
        """
        records = json.loads(text)
        if not isinstance(records, list) or not all(isinstance(r, dict) for r in records):
            raise ValueError("a history is a JSON array of objects, one an epoch")
        return cls(records)

    def to_jsonl(self) -> str:
        """Return the records as lines of JSON."""
        return "".join(json.dumps(record) + "\n" for record in self._plain_records())

    def _plain_records(self) -> list[Record]:
        return [{key: _plain(value) for key, value in record.items()} for record in self.records]

    def __repr__(self) -> str:
        return f"History({len(self)} epochs)"


def _plain(value: Any) -> Any:  # noqa: ANN401 a callback may put anything into a record
    """Return a value that JSON knows: NumPy's numbers become Python's, NaN and infinity null."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
