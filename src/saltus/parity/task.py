"""The multitask sparse parity task: the bits that each skill reads, and the target.

An input is a one-hot choice of a skill followed by ``n_bits`` random bits; the target is +S or -S by the parity of
the ``n_relevant`` bits that the chosen skill reads (``Nam et al. 2024, Sec. 2``, Eq. 1-4).
"""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from saltus._types import Floats, Integers, UInt64
from saltus.errors import InputError, require_positive, require_whole
from saltus.parity.batch import Batch, draw_bits, pack
from saltus.theory.frequencies import SkillFrequencies, require_finite_skills

_WHOLE = (
    ("n_bits", 1, "give the length of the bit string, e.g. 32"),
    ("n_relevant", 1, "give the number of bits in a parity, e.g. 3"),
    ("seed", 0, "give a whole number"),
)


@dataclass(frozen=True)
class MultitaskSparseParity:
    """Sparse parity for several skills at once.

    Args:
        frequencies: probability of each skill in a sample; finitely many skills.
        n_bits: length of the bit string, at least 1.
        n_relevant: number of bits whose parity is a skill, 1 to ``n_bits``.
        target_scale: S, the target is +S or -S; greater than 0.
        seed: decides the relevant bits of each skill.
        disjoint: whether no two skills may share a bit (as in the paper's experiments, which needs
            ``n_relevant * n_skills <= n_bits``); otherwise their sets only differ.

    Attributes:
        relevant_bits: shape ``(n_skills, n_relevant)``, positions from 0, ascending in each row.

    Raises:
        InputError: if a value is outside its range or the bits do not suffice.
    """

    frequencies: SkillFrequencies
    n_bits: int = 32
    n_relevant: int = 3
    target_scale: float = 5.0
    seed: int = 0
    _: KW_ONLY
    disjoint: bool = True
    relevant_bits: Integers = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        n_skills = require_finite_skills(self.frequencies)
        for name, minimum, advice in _WHOLE:
            object.__setattr__(self, name, require_whole(name, getattr(self, name), minimum, advice))
        scale = require_positive("target_scale", self.target_scale, "give the size of the target, e.g. 5")
        object.__setattr__(self, "target_scale", scale)
        rng = np.random.default_rng(self.seed)
        draw = _disjoint_sets if self.disjoint else _distinct_sets
        object.__setattr__(self, "relevant_bits", draw(n_skills, self.n_bits, self.n_relevant, rng))

    @property
    def n_skills(self) -> int:
        return int(self.frequencies.n_skills)

    @property
    def masks(self) -> UInt64:
        """Relevant bits of each skill, packed, shape ``(n_skills, words)``."""
        return pack(self.relevant_bits, np.ones(self.n_relevant, np.uint64), self.n_bits)

    def sample(self, n: int, rng: np.random.Generator) -> Batch:
        """Draw ``n`` independent samples (Eq. 1)."""
        require_whole("n", n, 1, "give the number of samples")
        return self.batch(self.frequencies.sample(n, rng), draw_bits(n, self.n_bits, rng))

    def batch(self, skills: Integers, bits: UInt64) -> Batch:
        """The samples with these skills (from 1) and packed bits, with their targets."""
        odd = (np.bitwise_count(bits & self.masks[skills - 1]).sum(axis=-1) & 1).astype(np.float32)
        targets = np.float32(self.target_scale) * (1 - 2 * odd)
        return Batch(skills=skills, bits=bits, targets=targets, n_skills=self.n_skills, n_bits=self.n_bits)

    def target(self, inputs: ArrayLike) -> Floats:
        """Target f* of each input row (Eq. 4), shape ``(n,)``; ``inputs`` as in `Batch.inputs`."""
        return np.asarray(self.target_scale * self.basis(inputs).sum(axis=1))

    def basis(self, inputs: ArrayLike) -> Floats:
        """Skill basis functions g_k of each input row (Eq. 2), shape ``(n, n_skills)``, values -1, 0 or 1."""
        rows = self._checked(inputs)
        control, bits = rows[:, : self.n_skills], rows[:, self.n_skills :]
        odd = bits[:, self.relevant_bits].sum(axis=2) % 2
        return np.asarray(control * (1.0 - 2.0 * odd))

    def _checked(self, inputs: ArrayLike) -> Floats:
        rows = np.asarray(inputs, dtype=float)
        wanted = self.n_skills + self.n_bits
        if rows.ndim != 2 or rows.shape[1] != wanted:
            raise InputError(
                f"inputs must have shape (n, n_skills + n_bits) = (n, {wanted})",
                rows.shape,
                "give one row a sample: one-hot skill, then bits",
            )
        if not np.all((rows == 0) | (rows == 1)) or not np.all(rows[:, : self.n_skills].sum(axis=1) == 1):
            raise InputError("inputs must be 0 or 1, with exactly one skill set", "other values", "use Batch.inputs")
        return rows


def _disjoint_sets(n_skills: int, n_bits: int, n_relevant: int, rng: np.random.Generator) -> Integers:
    needed = n_skills * n_relevant
    if needed > n_bits:
        raise InputError(
            f"disjoint skills need n_relevant * n_skills <= n_bits, here {n_relevant} * {n_skills} <= {n_bits}",
            needed,
            "use fewer skills or more bits, or disjoint=False",
        )
    return np.sort(rng.permutation(n_bits)[:needed].reshape(n_skills, n_relevant), axis=1)


def _distinct_sets(n_skills: int, n_bits: int, n_relevant: int, rng: np.random.Generator) -> Integers:
    available = math.comb(n_bits, n_relevant)
    if n_skills > available:
        rule = f"n_skills must be at most {available}, the number of sets of {n_relevant} out of {n_bits} bits"
        raise InputError(rule, n_skills, "use fewer skills or more bits")
    chosen: dict[tuple[int, ...], None] = {}
    while len(chosen) < n_skills:
        chosen[tuple(sorted(rng.choice(n_bits, n_relevant, replace=False).tolist()))] = None
    return np.array(list(chosen), dtype=np.int64)
