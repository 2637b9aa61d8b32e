"""The table of a network's layers."""

from __future__ import annotations

from dataclasses import dataclass

from glassnet.nn.layer import Shape


@dataclass(frozen=True)
class SummaryRow:
    """One layer of a network.

    Attributes
    ----------
    name : str
        As the network names it: ``"dense_1"``.
    layer : str
        The call that makes it.
    output_shape : tuple of int
        Of one example.
    parameters : int
        How many numbers it learns.

    Examples
    --------
    >>> import glassnet as gn
    >>> gn.Network([gn.Dense(3, "relu")], input_shape=4).summary().rows[0]
    SummaryRow(name='dense_1', layer='Dense(3, ReLU())', output_shape=(3,), parameters=15)
    """

    name: str
    layer: str
    output_shape: Shape
    parameters: int


@dataclass(frozen=True)
class Summary:
    """The layers of a network; printed, a table.

    Attributes
    ----------
    rows : tuple of SummaryRow
        One for each layer.

    Examples
    --------
    >>> import glassnet as gn
    >>> summary = gn.Network([gn.Dense(3, "relu"), gn.Dense(2)], input_shape=4).summary()
    >>> summary.parameters
    23
    >>> print(summary)
    name     layer             output shape  parameters
    dense_1  Dense(3, ReLU())  (3,)                  15
    dense_2  Dense(2)          (2,)                   8
    total                                            23
    """

    rows: tuple[SummaryRow, ...]

    @property
    def parameters(self) -> int:
        """Number of parameters of the whole network."""
        return sum(row.parameters for row in self.rows)

    def __str__(self) -> str:
        cells = [("name", "layer", "output shape", "parameters")]
        cells += [(r.name, r.layer, str(r.output_shape), f"{r.parameters:,}") for r in self.rows]
        cells += [("total", "", "", f"{self.parameters:,}")]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = []
        for *words, number in cells:
            columns = [word.ljust(w) for word, w in zip(words, widths, strict=False)]
            lines.append("  ".join([*columns, number.rjust(widths[3])]))
        return "\n".join(lines)
