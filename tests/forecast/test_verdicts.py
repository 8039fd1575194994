"""Verdicts at their limits: each doubt by itself, on evidence made for it."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy.stats import t as student

from saltus import Calibration, DataCalibration, Frequencies
from saltus.curves.schema import curves_from
from saltus.forecast.base.verdict import CARE, STOP, Evidence, nothing_emerged, weigh
from saltus.forecast.size.fit import curve_misfit, points_of
from saltus.forecast.size.verdict import judge_size
from saltus.forecast.time import verdict as of_time
from saltus.forecast.time.departure import PAPER, Departure, DepartureLaw
from saltus.forecast.time.frequency_fit import FrequencyFit, FrequencyForm
from saltus.forecast.time.rivals import Explanation
from tests.helpers import MIX, SIZES, logistic

SURE = Departure((DepartureLaw(0.5, spread=0.01),), 2.0, 0)
RATE, LOGIT = 0.02, -9.0
P = np.array([0.6, 0.3, 0.1])
STEPS = np.unique(np.geomspace(1, 30_000, 3000).astype(int))


def calibration(**others: Any) -> Calibration:
    small = ((1e-8, 0.0), (0.0, 1e-8))
    values: dict[str, Any] = {"residual": 0.01, "frequency": 0.6, "skills": (1,)}
    return Calibration(
        rate=RATE,
        half_exposure=-LOGIT / RATE,
        covariance=small,
        error_source="residuals",
        fit_covariance=small,
        fit_degrees=50.0,
        target_scale=1.0,
        flow_learning_rate=math.nan,
        n_skills=3,
        n_runs=1,
        **(values | others),
    )


def curves(late: tuple[float, ...] = (1.0, 1.0, 1.0)) -> xr.Dataset:
    """Skills that come so many times later than the calibration says."""
    strength = logistic(LOGIT + RATE * P[:, None] * STEPS / np.array(late)[:, None])
    return curves_from(strength, STEPS, frequencies=P, settings={"optimizer": "sgd"})


@pytest.fixture
def scores(monkeypatch: pytest.MonkeyPatch) -> dict[Explanation, float]:
    """Scores that a test sets in place of those of fits."""
    made = dict.fromkeys(Explanation, 0.0)
    made[Explanation.DECOUPLED] = 10.0
    monkeypatch.setattr(
        of_time, "compare", lambda *_: [Evidence(name.value, 0.1, score, 0.0, {}) for name, score in made.items()]
    )
    return made


def judged(known: xr.Dataset | None = None, fit: FrequencyFit | None = None, **others: Any) -> tuple[str, str]:
    verdict = of_time.judge(
        curves() if known is None else known, Frequencies(P.tolist()), calibration(**others), SURE, fit
    )
    return verdict.level, "; ".join(verdict.reasons)


def test_a_forecast_without_doubts_names_its_checks(scores: dict[Explanation, float]) -> None:
    level, reasons = judged()
    assert level == "trust"
    assert reasons == (
        "3 skills emerged when the calibration says; "
        "decoupled skills explain the curves better than every rival (log evidence +10.0)"
    )
    scores |= {Explanation.RARE_LATE: 12.0, Explanation.POWER_LAW: 4.5}
    assert "(log evidence +7.5)" in judged()[1]


@pytest.mark.parametrize(
    ("lead", "level"),
    [(-0.5, "trust"), (0.0, "trust"), (0.5, "use with care"), (3.0, "use with care"), (3.1, "do not use")],
)
@pytest.mark.parametrize(
    ("rival", "reason"),
    [
        (Explanation.POWER_LAW, "the model does not apply to a rise without a delayed onset: power law explains"),
        (Explanation.EXPONENTIAL, "the model does not apply to a rise without a delayed onset: exponential explains"),
        (Explanation.RESOURCE, "rare skills speed up once frequent ones are done: the resource model explains"),
    ],
)
def test_a_rival_counts_from_a_lead_on(
    scores: dict[Explanation, float], lead: float, level: str, rival: Explanation, reason: str
) -> None:
    scores[rival] = 10.0 + lead
    found, reasons = judged()
    assert found == level
    assert (reason in reasons and f"(log evidence {lead:+.1f})" in reasons) == (lead > 0)


@pytest.mark.parametrize(
    ("residual", "level"), [(0.05, "trust"), (0.051, "use with care"), (0.1, "use with care"), (0.101, "do not use")]
)
def test_the_calibrated_curve_must_be_a_logistic(scores: dict[Explanation, float], residual: float, level: str) -> None:
    assert scores
    found, reasons = judged(residual=residual)
    assert found == level
    assert (f"the calibrated curve is no logistic: rms misfit {residual:.3f} in R/S" in reasons) == (level != "trust")


def test_the_rarest_skill_must_lie_within_reach(scores: dict[Explanation, float]) -> None:
    assert scores
    near = Departure(SURE.laws, reach=math.log10(6) + 0.01)
    far = Departure(SURE.laws, reach=math.log10(6) - 0.01)
    frequencies = Frequencies(P.tolist())
    assert of_time.judge(curves(), frequencies, calibration(), near).level == "trust"
    verdict = of_time.judge(curves(), frequencies, calibration(), far)
    assert verdict.level == "use with care"
    assert verdict.reasons == (
        "the rarest skill lies 0.78 decades of frequency from the calibrated one, further than the 0.77 that were "
        "tested",
    )
    just = Departure(SURE.laws, reach=float(np.log10(0.6 / frequencies.pmf(3))))
    assert of_time.judge(curves(), frequencies, calibration(), just).level == "trust"
    # As far on the other side: a calibrated skill that is the rarest.
    assert of_time.judge(curves(), frequencies, calibration(frequency=0.1, skills=(3,)), far).level == "use with care"


# Two other skills were tried. A miss of 2.2, 2.25, 3.47 and 3.49 standard errors, of 0.01 dex each, has chance 5.5 %,
# 4.8 %, 0.104 % and 0.097 %: less than 5 % asks for care, less than 0.1 % forbids.
@pytest.mark.parametrize(
    ("sigmas", "level"), [(2.2, "trust"), (2.25, "use with care"), (3.47, "use with care"), (3.49, "do not use")]
)
@pytest.mark.parametrize("sign", [1, -1])
def test_a_missed_emergence_counts_by_its_chance(
    scores: dict[Explanation, float], sigmas: float, level: str, sign: int
) -> None:
    assert scores
    late = 10 ** (sign * sigmas * 0.01)
    known = curves((1.0, 1.0, late))
    verdict = of_time.judge(known, Frequencies(P.tolist()), calibration(), SURE)
    forecast = calibration().forecast(Frequencies(P.tolist()), measured=known, departure=SURE)
    # Straight lines between steps 0.3 % apart.
    assert forecast.log10_ratio[2] == pytest.approx(-sign * sigmas * 0.01, abs=1e-5)
    assert verdict.level == level
    if level != "trust":
        assert f"skill 3 emerged {sigmas / 100:.2f} dex {'later' if sign > 0 else 'earlier'}" in verdict.reasons[0]


def test_what_was_calibrated_on_is_no_test(scores: dict[Explanation, float]) -> None:
    assert scores
    assert judged(curves((1.0, 1.0, 1.5)), skills=(1, 3), frequency=math.sqrt(0.06))[0] == "trust"


def test_one_skill_alone_leaves_a_doubt_and_two_do_not(scores: dict[Explanation, float]) -> None:
    assert scores
    known = curves((1.0, 1.0, 100.0))
    level, reasons = judged(known.sel(step=slice(1200)))
    assert level == "use with care"
    assert reasons == "only one skill has emerged, which cannot tell decoupled skills from skills that compete"
    assert judged(known.sel(step=slice(3000)))[0] == "trust"
    assert judged(known) == ("do not use", "skill 3 should have emerged by now, and has not")


def fitted(n_dated: int, chosen: str) -> FrequencyFit:
    forms = tuple(FrequencyForm(name, 0.0, 0.0) for name in sorted(["common alpha", "free rates"], key=chosen.__ne__))
    return FrequencyFit(
        frequencies=Frequencies(P.tolist()),
        log10_error=np.zeros(3),
        alpha=0.6,
        alpha_error=0.1,
        forms=forms,  # type: ignore[arg-type]
        dated=np.arange(3) < n_dated,
    )


def test_fitted_frequencies_leave_doubts_of_their_own(scores: dict[Explanation, float]) -> None:
    assert scores
    assert judged(fit=fitted(3, "common alpha"))[0] == "trust"
    level, reasons = judged(fit=fitted(2, "common alpha"))
    assert (level, reasons) == ("use with care", "the frequencies rest on two skills alone")
    level, reasons = judged(fit=fitted(3, "free rates"))
    assert level == "use with care"
    assert reasons.startswith("each skill's frequency was fitted to its own curve")
    unsure = replace(fitted(3, "common alpha"), log10_error=np.array([0, 0, 1.0]))
    assert judged(curves((1.0, 1.0, 1.5)), fit=unsure)[0] == "trust"  # a frequency within a decade excuses 0.18 dex


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"optimizer": "adam"}, "Adam"),
        ({"training": {"optimizer": "adamw"}}, "adamw"),
        ({"optimizer": "paged_adamw_8bit"}, "paged_adamw_8bit"),
        ({"optimizer": "shampoo"}, "shampoo"),
    ],
)
def test_settings_that_name_another_optimizer_forbid_a_forecast(
    scores: dict[Explanation, float], settings: dict[str, Any], named: str
) -> None:
    assert scores
    known = curves()
    known.attrs["settings"] = json.dumps(settings)
    level, reasons = judged(known)
    assert level == "do not use"
    assert reasons.startswith(f"the network was trained with {named}, which is no gradient flow")


@pytest.mark.parametrize("name", ["sgd", "SGD", "torch.optim.SGD", "Momentum", "nesterov"])
def test_descent_is_known_by_its_names(scores: dict[Explanation, float], name: str) -> None:
    assert scores
    known = curves()
    known.attrs["settings"] = json.dumps({"training": {"optimizer": name}})
    assert judged(known)[0] == "trust"


@pytest.mark.parametrize("settings", [{"training": "own loop"}, {"training": {"optimizer": 3}}, {}, {"optimizer": ""}])
def test_an_optimizer_that_nobody_names_is_not_trusted_before_four_skills(
    scores: dict[Explanation, float], settings: dict[str, Any]
) -> None:
    assert scores
    known = curves()
    known.attrs["settings"] = json.dumps(settings)
    level, reasons = judged(known)
    assert level == "use with care"
    assert reasons.startswith("the optimiser is not known, most are no gradient flow, and only 3 of the 4 skills")
    four = np.array([0.4, 0.3, 0.2, 0.1])
    more = curves_from(logistic(LOGIT + RATE * four[:, None] * STEPS), STEPS, frequencies=four)
    verdict = of_time.judge(more, Frequencies(four.tolist()), replace(calibration(), frequency=0.4, n_skills=4), SURE)
    assert verdict.level == "trust"


def test_nothing_to_calibrate_on_forbids_a_forecast() -> None:
    known = curves_from(np.array([[[0.1, 0.234, np.nan]], [[0.0, 0.2, np.nan]]]), [0, 10, 20], frequencies=[1.0])
    said = "no skill to calibrate on has emerged (highest R/S so far: 0.23)"
    assert nothing_emerged(known, (1,), lambda _: False) == (STOP, said)
    never = curves_from(np.full((1, 2), np.nan), [0, 10], frequencies=[1.0])
    verdict = of_time.judge(never, Frequencies([1.0]), None, PAPER)
    assert verdict.level == "do not use"
    assert verdict.reasons[0].endswith("highest R/S so far: -inf)")
    assert verdict.evidence == ()


def test_the_gravest_doubt_decides_and_comes_first() -> None:
    verdict = weigh([(CARE, "a"), (STOP, "b"), (CARE, "c")])
    assert (verdict.level, verdict.reasons) == ("do not use", ("b", "a", "c"))
    assert str(verdict) == "do not use because b; a; c"
    assert weigh([(CARE, "a")]).level == "use with care"
    assert str(weigh([], passed=lambda: ("one", "two"))) == "trust: one; two"


# Verdicts in size.

SHOTS = 400.0


def in_size(shift: float = 0.0, shots: float = SHOTS, n_skills: int = 3) -> xr.Dataset:
    """Strengths of one training set whose counts are expectations, Eq. 17, moved by a shift on the rise."""
    strength = 1 - np.sqrt(1 - np.minimum(np.array(SIZES) * MIX[:, None] / shots, 1))
    strength[n_skills:] *= 0.4
    return curves_from(strength + shift * (strength < 1), SIZES, over="data", strength_error=np.zeros_like(strength))


def sized(sd: float = 0.02, degrees: float = 5.0, constant: float = SHOTS) -> DataCalibration:
    return DataCalibration(constant, sd**2, sd**2, degrees, 0.01, 0.0, 1.0, (1,), 3, 1)


def misfit_of(known: xr.Dataset, skill: int, fit: DataCalibration) -> float:
    reach = student(fit.degrees).ppf(0.95) * math.sqrt(fit.variance)
    form, strength, error = points_of(DataCalibration, known, [skill], Frequencies(MIX.tolist()))
    constants = fit.constant * np.exp(np.linspace(-reach, reach, 21))
    return min(curve_misfit(form, at, strength, error)[1] for at in constants)


def test_a_size_verdict_names_the_worst_misfit_and_what_is_known() -> None:
    known, fit = in_size(), sized()
    verdict = judge_size(known, Frequencies(MIX.tolist()), fit)
    worst = max(misfit_of(known, skill, fit) for skill in (1, 2, 3))
    reach = student(5).ppf(0.95) * 0.02 / math.log(10)
    assert verdict.level == "trust"
    assert verdict.reasons == (
        f"3 skills follow the calibrated model (worst rms misfit {worst:.3f} in R/S)",
        f"its constant is known to {reach:.3f} dex",
    )
    assert verdict.evidence == ()


@pytest.mark.parametrize(("dex", "level"), [(0.09, "trust"), (0.11, "use with care")])
def test_a_vague_constant_asks_for_care(dex: float, level: str) -> None:
    fit = sized(sd=dex * math.log(10) / student(5).ppf(0.95))
    verdict = judge_size(in_size(), Frequencies(MIX.tolist()), fit)
    assert verdict.level == level
    assert level == "trust" or verdict.reasons[0].startswith(f"shots is known to {dex:.2f} dex only")


@pytest.mark.parametrize(("misfit", "level"), [(0.04, "trust"), (0.07, "use with care"), (0.12, "do not use")])
def test_skills_that_stray_count_by_their_misfit(monkeypatch: pytest.MonkeyPatch, misfit: float, level: str) -> None:
    monkeypatch.setattr("saltus.forecast.size.verdict.curve_misfit", lambda *_: (1.0, misfit))
    verdict = judge_size(in_size(), Frequencies(MIX.tolist()), sized())
    assert verdict.level == level
    if level != "trust":
        assert verdict.reasons[0].startswith("calibrated skill 1 does not follow the model over data: rms misfit 0.")


def test_a_skill_alone_cannot_show_what_others_need() -> None:
    verdict = judge_size(in_size(n_skills=1), Frequencies(MIX.tolist()), sized())
    assert verdict.level == "use with care"
    assert verdict.reasons == ("only one skill has emerged, which cannot show what others need over data",)
    assert judge_size(in_size(n_skills=2), Frequencies(MIX.tolist()), sized()).level == "trust"
    assert judge_size(in_size(), Frequencies(MIX.tolist()), None).level == "do not use"


def test_constants_below_1_are_not_tried() -> None:
    verdict = judge_size(in_size(), Frequencies(MIX.tolist()), sized(sd=0.5, constant=1.0))
    assert verdict.level == "do not use"
