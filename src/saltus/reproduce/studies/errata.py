"""Places where the published material disagrees with itself: numbers as printed and as computed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from saltus._version import __version__
from saltus.present.report import Report
from saltus.present.table import Column, Table
from saltus.published import FEATURE_RATE_SQUARED, INITIAL_STRENGTH_PER_VARIANCE
from saltus.reproduce.shared.options import RunOptions
from saltus.settings import describe
from saltus.theory.extended import with_feature_rate
from saltus.theory.frequencies import PowerLaw
from saltus.theory.multilinear import Multilinear
from saltus.theory.scaling import scaling_law


@dataclass(frozen=True)
class Settings:
    """The paper's three exponents, and the systems of its Fig. 2 (S = 1), Fig. 3 (S = 5) and Fig. 1a."""

    alphas: tuple[float, ...] = (0.3, 0.6, 0.9)
    initial_strength: float = 0.01
    fig3_scale: float = 5.0
    fig1_alpha: float = 0.6
    fig1_n_skills: int = 5


@dataclass(frozen=True)
class Erratum:
    """One number as printed (or drawn, or used in code) and as computed."""

    where: str
    quantity: str
    printed: float
    computed: float

    @property
    def ratio(self) -> float:
        return self.computed / self.printed


PRESETS = {"paper": Settings()}
_COLUMNS = (
    Column("where"),
    Column("quantity"),
    Column("printed", form=".5g"),
    Column("computed", form=".5g"),
    Column("ratio", "computed / printed", form=".4g"),
)


def reproduce(settings: Settings, _: RunOptions) -> Report:
    """Compute every entry."""
    errata = [
        *_parameter_prefactors(settings),
        *_compute_prefactors(settings),
        *_time_constants(settings),
        *_missing_factors(settings),
        *_learning_rate(settings),
        *_random_bits(),
        *_emergence_of_the_transformer(),
    ]
    entries = [
        {"where": e.where, "quantity": e.quantity, "printed": e.printed, "computed": e.computed, "ratio": e.ratio}
        for e in errata
    ]
    return Report(
        title="Errata of Nam et al. 2024, computed",
        table=Table(_COLUMNS, entries),
        summary={"agreement": entries, "settings": describe(settings), "version": __version__},
        tables={"errata": pd.DataFrame(entries)},
    )


def _model(settings: Settings, alpha: float, scale: float) -> Multilinear:
    return Multilinear(PowerLaw(alpha), target_scale=scale, initial_strength=settings.initial_strength)


def _parameter_prefactors(settings: Settings) -> Iterator[Erratum]:
    for alpha in settings.alphas:
        # Eq. 327 puts 1/alpha for zeta(alpha + 1), which leaves S^2/2 of S^2/(2 alpha zeta).
        exact = scaling_law(_model(settings, alpha, 1.0), "parameters").prefactor
        yield Erratum("Eq. 327", f"A_N at S = 1, α = {alpha:g}", 0.5, exact)


def _compute_prefactors(settings: Settings) -> Iterator[Erratum]:
    for alpha, drawn in zip(settings.alphas, (0.68, 0.70, 0.64), strict=True):
        model = _model(settings, alpha, settings.fig3_scale)
        exact = scaling_law(model, "compute").prefactor / model.untrained_loss
        yield Erratum("Fig. 3", f"A_C / (S²/2), α = {alpha:g}", drawn, exact)


def _time_constants(settings: Settings) -> Iterator[Erratum]:
    for scale in (1.0, settings.fig3_scale):
        for alpha, pasted in zip(settings.alphas, (1.29, 1.20, 1.06), strict=True):
            model = _model(settings, alpha, scale)
            law = scaling_law(model, "time")
            exact = law.prefactor / model.untrained_loss * (model.learning_rate * scale) ** law.exponent
            yield Erratum("plot scripts", f"A_T (ηS)^b / (S²/2) at S = {scale:g}, α = {alpha:g}", pasted, exact)


def _missing_factors(settings: Settings) -> Iterator[Erratum]:
    # At time 0 Eq. 12 is (S - r)^2/2 and nothing else: a form without a factor shows it there.
    model = _model(settings, settings.fig1_alpha, settings.fig3_scale)
    start = float(model.loss(time=0.0))
    scale, r = model.target_scale, model.initial_strength
    yield Erratum("Eq. 240, 328", f"L(T = 0) without the factor 1/2, S = {scale:g}", (scale - r) ** 2, start)
    yield Erratum("Eq. 240, 328", f"L(T = 0) without S²/2, S = {scale:g}", (1 - r / scale) ** 2, start)


def _learning_rate(settings: Settings) -> Iterator[Erratum]:
    # The networks minimise the plain squared error, so their rate counts double.
    init_std = 0.01
    times = []
    for rate in (0.05, 0.02):
        flow = Multilinear(
            PowerLaw(settings.fig1_alpha, settings.fig1_n_skills),
            target_scale=settings.fig3_scale,
            initial_strength=init_std**2 * INITIAL_STRENGTH_PER_VARIANCE,
            learning_rate=2 * rate,
        )
        times.append(float(with_feature_rate(flow, FEATURE_RATE_SQUARED).emergence_time(1, 0.5)))
    yield Erratum("App. K", "steps to R_1/S = 0.5 in Fig. 1a: at the printed rate 0.05, at the plotted 0.02", *times)


def _random_bits() -> Iterator[Erratum]:
    drawn = np.unpackbits(np.arange(255, dtype=np.uint8))  # bytes 0 to 254: 255 is never drawn
    yield Erratum("data generator", "mean of a random bit: meant, drawn", 0.5, float(drawn.mean()))
    yield Erratum("data generator", "values of a random byte: meant, drawn", 256.0, drawn.size / 8)


def _emergence_of_the_transformer() -> Iterator[Erratum]:
    alpha = 0.9
    for skill in (2, 3):
        label, line = (alpha + 1) ** skill / (alpha + 1), skill ** (alpha + 1)
        yield Erratum(
            "Fig. 4", f"emergence time of skill {skill} over skill 1: labelled 1.9^k, drawn k^1.9", label, line
        )
