"""Runs of the recipes that people train with, by family, with settings of their own drawn from ranges."""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, dataclass

import numpy as np

from saltus.curves.spacing import geometric_steps
from saltus.parity.task import MultitaskSparseParity
from saltus.reproduce.studies.drawn_jobs import MEASURED_EVERY, Settings, draw_jobs
from saltus.reproduce.studies.scheduled_jobs import ScheduledSettings, draw_scheduled_jobs, stretched
from saltus.theory.frequencies import PowerLaw
from saltus.train.configuration import Training
from saltus.train.job import Job
from saltus.train.kernel.training import MLPTraining
from saltus.train.torch.network import Architecture, NetworkTraining
from saltus.train.torch.perceptron import Perceptron
from saltus.train.torch.transformer import Transformer

Range = tuple[float, float]
_SCHEDULES = (
    "cosine:warmup={w},steps={n},floor={floor}",
    "wsd:warmup={w},steps={n},floor={floor}",
    "linear:warmup={w},steps={n},floor={floor}",
)
# Steps to the first skill go as these powers, and those to the others as a power of frequency, near enough for lengths.
_BY_RATE, _BY_BATCH, _BY_WIDTH, _BY_SCALE, _BY_FREQUENCY = -0.8, -0.2, -0.35, 0.33, -1.1
_A_BIT_MORE = 2.5  # parities of one bit more take so many times the steps
_CLOCK = 0.8  # power of the rate that Adam's progress goes with


@dataclass(frozen=True)
class Family:
    """A kind of recipe trained by Adam, and the ranges of its settings.

    Attributes:
        name: its name.
        network: "kernel" for squared error and a small start; "perceptron" or "transformer" for PyTorch's AdamW and
            cross-entropy.
        first: steps to the first skill at rate 0.001, batch 250, width 200 and parities of two bits, roughly.
        most_steps: longest run at a constant rate, by width, were batches small. Rates below those that bring the last
            skill by then are not drawn.
        costly_batch: batch size at which an update takes twice the time.
        alpha, n_skills, target_scale: ranges drawn from uniformly, ends included.
        learning_rate, batch_size, init_std: ranges drawn from log-uniformly.
        n_relevant, beta2, weight_decay, n_layers, normalised: choices, each as likely.
        usual_start: share of the runs that start as PyTorch does.
        n_bits: length of the bit string.
        schedules: texts of schedules, each as likely, as in `ScheduledSettings`, or "constant".
        margin: training ends at so many times the step at which the last skill is expected.
    """

    name: str
    network: str
    _: KW_ONLY
    first: float
    most_steps: dict[int, int]
    costly_batch: float
    alpha: Range = (0.3, 0.9)
    n_skills: tuple[int, int] = (4, 8)
    n_relevant: tuple[int, ...] = (2, 3, 3)
    n_bits: int = 32
    target_scale: Range = (1.0, 1.0)
    learning_rate: Range = (1e-4, 3e-3)
    batch_size: Range = (64, 1000)
    init_std: Range = (0.004, 0.04)
    usual_start: float = 1.0
    beta2: tuple[float, ...] = (0.95, 0.99, 0.999)
    weight_decay: tuple[float, ...] = (0.0, 0.01, 0.1)
    n_layers: tuple[int, ...] = (2,)
    normalised: tuple[bool, ...] = (False,)
    schedules: tuple[str, ...] = ("constant", "constant", "constant", *_SCHEDULES)
    margin: float = 1.5


FAMILIES = {
    family.name: family
    for family in (
        Family(
            "adam",
            "kernel",
            first=220,
            most_steps={200: 200_000, 500: 120_000, 1000: 65_000},
            costly_batch=400,
            target_scale=(1.0, 5.0),
            batch_size=(64, 4000),
            usual_start=0.0,
            weight_decay=(0.0,),
        ),
        Family(
            "adamw-logistic",
            "perceptron",
            first=350,
            most_steps={100: 14_000, 200: 13_000, 500: 11_000},
            costly_batch=550,
            alpha=(0.2, 0.7),
            n_skills=(3, 6),
            n_relevant=(2, 3),
            learning_rate=(3e-4, 5e-3),
            usual_start=0.5,
        ),
        Family(
            "deep",
            "perceptron",
            first=240,
            most_steps={64: 13_000, 128: 12_000, 200: 11_000},
            costly_batch=460,
            alpha=(0.2, 0.7),
            n_skills=(3, 5),
            n_relevant=(2, 3),
            learning_rate=(3e-4, 3e-3),
            n_layers=(3, 4),
            normalised=(False, False, True),
            schedules=("constant", _SCHEDULES[0]),
        ),
        Family(
            "transformer",
            "transformer",
            first=120,
            most_steps={32: 7_000, 64: 5_500},
            costly_batch=600,
            alpha=(0.2, 0.6),
            n_skills=(2, 4),
            n_relevant=(2,),
            n_bits=10,
            learning_rate=(5e-4, 2e-3),
            batch_size=(64, 500),
            beta2=(0.95, 0.99),
            schedules=(_SCHEDULES[0],),
            margin=5.0,
        ),
    )
}
SGD = "sgd"
"""Name of the family of the kernel's plain SGD, whose runs are those of `draw_jobs` and `draw_scheduled_jobs`."""
_TURN = (
    "adam", "adamw-logistic", SGD, "adam", "deep", "adam", "transformer", "adamw-logistic", "adam", "deep",
    SGD, "adam", "adamw-logistic", "adam", "deep", "transformer", SGD, "adamw-logistic", "adam", "deep",
)  # fmt: skip


@dataclass(frozen=True)
class RecipeSettings:
    """How many runs, taken from the families in turn.

    Attributes:
        n_teaching, n_testing: number of runs of each kind, the teaching ones first.
        turn: names of families, one a run, again and again.
        warmup: range, ends included, from which the warm-up's share of the length is drawn uniformly.
        floors: lowest shares of the rate under a schedule, each as likely.
    """

    n_teaching: int
    n_testing: int
    turn: tuple[str, ...] = _TURN
    warmup: Range = (0.02, 0.1)
    floors: tuple[float, ...] = (0.0, 0.1)

    def family(self, run: int) -> str:
        """The family of a run, counted from 0."""
        return self.turn[run % len(self.turn)]


def draw_recipe_jobs(settings: RecipeSettings, seed: int) -> list[Job]:
    """Runs with settings of their own, drawn from the ranges; the first n do not depend on how many there are."""
    return [_job(settings, i, seed) for i in range(settings.n_teaching + settings.n_testing)]


def _job(settings: RecipeSettings, run: int, seed: int) -> Job:
    family, rng = settings.family(run), np.random.default_rng([seed, 2, run])
    if family != SGD:
        return _adam_job(FAMILIES[family], settings, seed + run, rng)
    if rng.random() < 0.5:
        return draw_jobs(Settings(0, 1, n_skills=(3, 6)), seed + run)[0]
    kinds = ScheduledSettings(0, 1).kinds
    chosen = (kinds[int(rng.integers(len(kinds)))],)
    return draw_scheduled_jobs(ScheduledSettings(0, 1, n_skills=(3, 6), kinds=chosen), seed + run)[0]


def _adam_job(family: Family, settings: RecipeSettings, seed: int, rng: np.random.Generator) -> Job:
    fewest, most = family.n_skills
    frequencies = PowerLaw(round(rng.uniform(*family.alpha), 3), int(rng.integers(fewest, most + 1)))
    n_relevant = int(rng.choice(family.n_relevant))
    scale = round(rng.uniform(*family.target_scale), 2)
    task = MultitaskSparseParity(frequencies, n_bits=family.n_bits, n_relevant=n_relevant, target_scale=scale)
    width, batch_size = int(rng.choice(list(family.most_steps))), round(_log_uniform(family.batch_size, rng))
    first, *_, last = task.frequencies.first()
    at_usual_rate = (
        family.margin
        * family.first
        * _A_BIT_MORE ** (n_relevant - 2)
        * (batch_size / 250) ** _BY_BATCH
        * (width / min(200, max(family.most_steps))) ** _BY_WIDTH
        * scale**_BY_SCALE
        * (last / first) ** _BY_FREQUENCY
    )
    longest = family.most_steps[width] / (1 + batch_size / family.costly_batch)
    slow, fast = family.learning_rate
    slow = min(max(slow, 1e-3 * (longest / at_usual_rate) ** (1 / _BY_RATE)), fast)
    rate = float(f"{_log_uniform((slow, fast), rng):.3g}")
    steps = int(-(-min(at_usual_rate * (rate / 1e-3) ** _BY_RATE, longest) // 100) * 100)
    training = _training(family, steps, rate, batch_size, width, rng)
    return _under_schedule(Job(task, training, seed), family, settings, rng)


def _training(
    family: Family, steps: int, rate: float, batch_size: int, width: int, rng: np.random.Generator
) -> Training:
    beta2 = float(rng.choice(family.beta2))
    init_std = float(f"{_log_uniform(family.init_std, rng):.3g}")
    usual_start = bool(rng.random() < family.usual_start)
    betas = None if beta2 == 0.999 else (0.9, beta2)
    measure_at = tuple(geometric_steps(steps, MEASURED_EVERY).tolist())
    if family.network == "kernel":
        return MLPTraining(
            steps,
            learning_rate=rate,
            batch_size=batch_size,
            optimizer="adam",
            betas=betas,
            init_std=init_std,
            width=width,
            measure_at=measure_at,
            strength_samples=1000,
        )
    network: Architecture
    if family.network == "transformer":
        network = Transformer(width, heads=width // 16)
    else:
        network = Perceptron(
            width,
            n_layers=int(rng.choice(family.n_layers)),
            init_std=None if usual_start else init_std,
            normalised=bool(rng.choice(family.normalised)),
        )
    return NetworkTraining(
        steps,
        network=network,
        learning_rate=rate,
        batch_size=batch_size,
        optimizer="adamw",
        weight_decay=float(rng.choice(family.weight_decay)),
        betas=betas,
        loss="logistic",
        measure_at=measure_at,
        strength_samples=1000,
    )


def _under_schedule(job: Job, family: Family, settings: RecipeSettings, rng: np.random.Generator) -> Job:
    kind = family.schedules[int(rng.integers(len(family.schedules)))]
    share, floor = rng.uniform(*settings.warmup), settings.floors[int(rng.integers(len(settings.floors)))]
    if kind == "constant":
        return job
    return stretched(job, lambda steps: kind.format(n=steps, w=round(share * steps), floor=floor), power=_CLOCK)


def _log_uniform(ends: Range, rng: np.random.Generator) -> float:
    low, high = ends
    return low * math.exp(rng.random() * math.log(high / low))
