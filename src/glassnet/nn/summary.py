"""The table of a network's layers."""

from __future__ import annotations

from dataclasses import dataclass

from glassnet.nn.layer import Shape


@dataclass(frozen=True)
class SummaryRow:
    """One layer of a network."""

    name: str
    layer: str
    output_shape: Shape
    parameters: int


@dataclass(frozen=True)
class Summary:
    """The layers of a network; printed, a table."""

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
