"""The paper's transformer as plain data."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING

from saltus.errors import InputError, require_whole
from saltus.parity.task import MultitaskSparseParity

if TYPE_CHECKING:
    from torch import nn

_WHOLE = {
    "embedding": "give the width of a token's embedding, e.g. 64",
    "heads": "give the attention heads, e.g. 4",
    "expansion": "give the ReLU units for each unit of the embedding, e.g. 4",
}


@dataclass(frozen=True)
class Transformer:
    """A decoder of one block on the bits of a sample (`Decoder`); the defaults are the paper's (App. K.2).

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
        from saltus.train.torch.decoder import Decoder

        return Decoder(task.n_skills + task.n_bits, self.embedding, self.heads, self.expansion * self.embedding)
