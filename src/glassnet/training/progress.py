"""How far training is."""

from __future__ import annotations

from dataclasses import dataclass

from glassnet.optim import Position


@dataclass
class Progress:
    """Where training is."""

    phase: int = 0
    """1, 2, ...: the call of `Trainer.fit`."""
    epochs: int = 0
    """Epochs that the phase will have."""
    examples: int = 0
    """In an epoch."""
    batch_size: int = 0
    epoch: int = 0
    """Epochs of the phase that are done."""
    row: int = 0
    """Examples of this epoch that are done."""
    step: int = 0
    """Steps of the phase that are done."""
    seconds: float = 0.0
    """Time spent on the steps of this epoch."""
    learning_rate: float = 0.0
    """Of the last step."""

    @classmethod
    def of_phase(
        cls,
        phase: int,
        epochs: int,
        examples: int,
        batch_size: int | str,
        *,
        drop_last: bool = False,
    ) -> Progress:
        """Return the beginning of a phase, perhaps without the last batch if that is shorter."""
        size = batch_of(batch_size, examples)
        if drop_last:
            examples -= examples % size
        return cls(phase, epochs, examples, size)

    @property
    def steps_per_epoch(self) -> int:
        """Batches that the examples make, the last short one included if it is not dropped."""
        return -(-self.examples // self.batch_size)

    def position_after(self, steps: int) -> Position:
        """Return what a schedule wants to know, when so many more steps will have been made."""
        return Position(self.step + steps, self.steps_per_epoch, self.epochs)


def batch_of(batch_size: int | str, examples: int) -> int:
    """Return how many of so many examples a batch has: all of them if it is ``"full"``."""
    return examples if batch_size == "full" else min(int(batch_size), examples)
