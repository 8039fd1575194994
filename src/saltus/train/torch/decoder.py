"""The decoder transformer of ``Nam et al. 2024, App. K.2``: one block, a scalar answer at the last token.

Every bit of the input, control bits first, is a token. Token t enters as (1, 0) or (0, 1), for a bit of 0 or 1,
followed by its one-hot position. With x_t its embedding and N the layer normalisation, position t answers

    y_t = x_t + M attention(Q N x_t; K N x_s, V N x_s for all s <= t),      answer_t = w (y_t + F N y_t) + b

in several heads; Q, K, V, M are linear with bias, F is linear, ReLU, linear. The network's output is the answer of the
last position, the only one that has seen every bit.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.functional import scaled_dot_product_attention


class Decoder(nn.Module):
    """The network, started as PyTorch starts its layers.

    Each position has only two possible tokens. So operations on single tokens are done once for both, not for every
    sample: a sample attends to all 2 n_tokens of them through a mask that shows its own.

    Args:
        n_tokens: bits of an input, control bits and skill bits.
        embedding: width of a token's embedding; ``heads`` divides it.
        heads: attention heads.
        units: ReLU units of F.
    """

    kinds: torch.Tensor  # the two tokens of every position, (2, n_tokens, 2 + n_tokens)
    earlier: torch.Tensor  # (t, s): whether s <= t

    def __init__(self, n_tokens: int, embedding: int, heads: int, units: int) -> None:
        super().__init__()
        self.heads = heads
        indicators = torch.eye(2)[:, None].expand(2, n_tokens, 2)
        positions = torch.eye(n_tokens).expand(2, n_tokens, n_tokens)
        self.register_buffer("kinds", torch.cat([indicators, positions], dim=2), persistent=False)
        self.register_buffer("earlier", torch.ones(n_tokens, n_tokens, dtype=torch.bool).tril(), persistent=False)
        self.embed = nn.Linear(2 + n_tokens, embedding)
        self.attention_norm = nn.LayerNorm(embedding)
        self.query, self.key, self.value, self.merge = (nn.Linear(embedding, embedding) for _ in range(4))
        self.forward_norm = nn.LayerNorm(embedding)
        self.expand, self.contract = nn.Linear(embedding, units), nn.Linear(units, embedding)
        self.read = nn.Linear(embedding, 1)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """The answer at the last position, ``(n,)``, to inputs ``(n, n_tokens)`` in {0, 1}."""
        return self.answers(inputs, first=inputs.shape[1] - 1)[:, 0]

    def answers(self, inputs: torch.Tensor, first: int = 0) -> torch.Tensor:
        """The answers at the positions from ``first`` on, ``(n, n_tokens - first)``."""
        tokens = self.embed(self.kinds)  # (2, n_tokens, embedding)
        normal = self.attention_norm(tokens)
        # (heads, 2 n_tokens, embedding / heads)
        keys, values = (self._by_head(layer(normal).flatten(0, 1)) for layer in (self.key, self.value))
        asking = inputs[:, first:]  # (n, asked), asked = n_tokens - first
        queries = self._by_head(_chosen(self.query(normal[:, first:]), asking))  # (heads, n asked, embedding / heads)
        present = torch.stack([inputs == 0, inputs == 1], dim=1)  # (n, 2, n_tokens)
        visible = present[:, None] & self.earlier[first:, None]  # (n, asked, 2, n_tokens)
        # (heads, n asked, embedding / heads), with a mask (n asked, 2 n_tokens)
        seen = scaled_dot_product_attention(queries, keys, values, attn_mask=visible.flatten(2).flatten(0, 1))
        y = _chosen(tokens[:, first:], asking) + self.merge(seen.transpose(0, 1).flatten(1))  # (n asked, embedding)
        y = y + self.contract(torch.relu(self.expand(self.forward_norm(y))))
        answers: torch.Tensor = self.read(y)  # (n asked, 1)
        return answers.view(len(inputs), -1)

    def _by_head(self, rows: torch.Tensor) -> torch.Tensor:
        """``(rows, embedding)`` as ``(heads, rows, embedding / heads)``."""
        return rows.view(len(rows), self.heads, -1).transpose(0, 1)


def _chosen(pair: torch.Tensor, bits: torch.Tensor) -> torch.Tensor:
    """The vectors that the bits name, of two a position, ``(2, positions, width)``; one row a sample and position."""
    return torch.lerp(pair[0], pair[1], bits[..., None]).flatten(0, 1)
