"""The paper's transformer as plain data, and its training in one call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING

from saltus.errors import InputError, require_whole
from saltus.parity.task import MultitaskSparseParity
from saltus.train.network import NetworkTraining
from saltus.train.run import Progress, train_network

if TYPE_CHECKING:
    import xarray as xr
    from torch import nn

_WHOLE = {
    "embedding": "give the width of a token's embedding, e.g. 64",
    "heads": "give the attention heads, e.g. 4",
    "expansion": "give the ReLU units for each unit of the embedding, e.g. 4",
}


@dataclass(frozen=True)
class Transformer:
    """A decoder of one block on the bits of a sample (`saltus.train.decoder`); the defaults are the paper's (App. K.2).

    The paper leaves layer normalisation and the number of ReLU units open; ours are the usual ones.

    Args:
        embedding: width of a token's embedding; ``heads`` must divide it.
        heads: attention heads.
        expansion: ReLU units for each unit of the embedding.

    Raises:
        InputError: if a value is outside its range.
    """

    embedding: int = 512
    _: KW_ONLY
    heads: int = 4
    expansion: int = 4

    def __post_init__(self) -> None:
        for name, advice in _WHOLE.items():
            object.__setattr__(self, name, require_whole(name, getattr(self, name), 1, advice))
        if self.embedding % self.heads:
            rule = f"embedding must be a multiple of heads, here of {self.heads}"
            raise InputError(rule, self.embedding, "every head takes an equal share of it")

    def module(self, task: MultitaskSparseParity) -> nn.Module:
        """The network at a start drawn from PyTorch's random numbers."""
        from saltus.train.decoder import Decoder

        return Decoder(task.n_skills + task.n_bits, self.embedding, self.heads, self.expansion * self.embedding)


def train_transformer(
    task: MultitaskSparseParity,
    *,
    steps: int,
    learning_rate: float,
    embedding: int = 512,
    heads: int = 4,
    expansion: int = 4,
    batch_size: int = 5000,
    optimizer: str = "sgd",
    momentum: float = 0.9,
    weight_decay: float = 1e-5,
    seeds: int | Sequence[int] = 1,
    measure_at: Sequence[int] | None = None,
    strength_samples: int = 2000,
    device: str = "cpu",
    workers: int | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Train transformers on the task and measure every skill along the way; the defaults are the paper's (App. K.2).

    Its learning rate, 5e-5, goes with its size: smaller networks need and bear a larger one.

    Args:
        task: the task.
        steps: number of parameter updates.
        learning_rate: of the plain squared error.
        embedding, heads, expansion: as in `Transformer`.
        batch_size: fresh samples an update.
        optimizer: any of ``torch.optim`` by name.
        momentum, weight_decay: its options, 0 where it has none.
        seeds: how many runs (seeds 0, 1, ...), or the seeds themselves.
        measure_at: steps at which skill strengths are measured; by default at most 2 % apart.
        strength_samples: function evaluations a skill and measurement.
        device: what PyTorch calls it: "cpu", "cuda".
        workers: threads, one run each; as many as processors by default.
        progress: called with the run's position and the steps it has taken, from any thread.

    Returns:
        Curves (`saltus.curves`), one run a seed.

    Raises:
        InputError: if a setting is outside its range, or PyTorch is not installed.

    Warns:
        TrainingWarning: if a run diverged; what was measured before is kept.
    """
    training = NetworkTraining(
        steps,
        network=Transformer(embedding, heads=heads, expansion=expansion),
        learning_rate=learning_rate,
        batch_size=batch_size,
        optimizer=optimizer,
        momentum=momentum,
        weight_decay=weight_decay,
        measure_at=None if measure_at is None else tuple(measure_at),
        strength_samples=strength_samples,
        device=device,
    )
    return train_network(task, training, seeds=seeds, workers=workers, progress=progress)
