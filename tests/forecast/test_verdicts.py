"""Verdicts at their limits: each doubt by itself, on evidence made for it."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy.stats import norm, truncnorm
from scipy.stats import t as student

from saltus import DataCalibration, Frequencies, assess
from saltus._types import Floats
from saltus.curves.schema import curves_from
from saltus.forecast.base.verdict import CARE, STOP, Evidence, Verdict, nothing_emerged, weigh
from saltus.forecast.size.fit import curve_misfit, points_of
from saltus.forecast.size.verdict import judge_size
from saltus.forecast.time import doubts, limits
from saltus.forecast.time import verdict as of_time
from saltus.forecast.time.departure import Departure, DepartureLaw
from saltus.forecast.time.explanations import Explanation
from saltus.forecast.time.frequency_fit import FrequencyFit, FrequencyForm
from saltus.forecast.time.laws import Coverage, Law, Recipe
from saltus.forecast.time.scatter import Scatter
from saltus.theory.schedules import read_schedule
from tests.helpers import MIX, SIZES, covered

P = np.array([0.6, 0.3, 0.1])
STEPS = np.unique(np.geomspace(1, 30_000, 1000).astype(int))
GOOD = tuple(Coverage(known, scheduled, 100, 20, 91) for known in (1, 2, 3) for scheduled in (False, True))
SHAPE = Departure((DepartureLaw(0.5),), reach=2.0, n_runs=9)
SPREAD = 0.01  # decades that single skills of `SURE` stray
SURE = Recipe(
    name="sure",
    about="a law that is known",
    laws=(Law("one", 1.0, 1.0, 0.0, Scatter(SPREAD)),),
    shape=SHAPE,
    growth_sd=(0.05,) * 4,
    clock_weight=1.0,
    reach=2.0,
    n_runs=9,
    coverage=GOOD,
)
SETTINGS = {"optimizer": "sgd", "batch_size": 1000, "schedule": "constant"}


def curves(late: tuple[float, ...] = (1.0, 1.0, 1.0), steepness: float = 4.0, **settings: Any) -> xr.Dataset:
    """Skills that come so many times later than as 1/frequency; the first at step 500."""
    half = 500 * P[0] / P * np.array(late)
    strength = 1 / (1 + (half[:, None] / STEPS) ** steepness)
    told = {name: value for name, value in (SETTINGS | settings).items() if value is not None}
    return curves_from(strength, STEPS, frequencies=P, settings=told)


@pytest.fixture
def scores(monkeypatch: pytest.MonkeyPatch) -> dict[Explanation, float]:
    """Scores that a test sets in place of those of fits."""
    made = dict.fromkeys(Explanation, 0.0)
    made[Explanation.DECOUPLED] = 10.0
    monkeypatch.setattr(
        of_time, "compare", lambda *_: [Evidence(name.value, 0.1, score, 0.0, {}) for name, score in made.items()]
    )
    return made


def judged(known: xr.Dataset | None = None, recipe: Recipe = SURE, **others: Any) -> Verdict:
    return assess(curves() if known is None else known, recipe=recipe, **others).verdict


def of_level(verdict: Verdict, level: str, *reasons: str) -> bool:
    """Whether a verdict has a level and nothing but these reasons, by their beginnings."""
    found = verdict.reasons
    assert verdict.level == level, str(verdict)
    assert len(found) == len(reasons), found
    assert all(one.startswith(start) for one, start in zip(found, reasons, strict=True)), found
    return True


def test_a_forecast_without_doubts_names_its_checks_and_the_class_of_its_coverage(
    scores: dict[Explanation, float],
) -> None:
    assert str(judged()) == (
        "trust: 3 skills emerged when the law of the run says; "
        "a delayed rise explains the curves better than every rival (log evidence +10.0) "
        "(of 100 skills forecast so, from 20 runs that taught nothing, 91% were in the 90 % interval "
        "(a law that is known; 3 or more emerged, a constant rate))"
    )
    scores |= {Explanation.RARE_LATE: 12.0, Explanation.POWER_LAW: 4.5}
    assert "(log evidence +7.5)" in str(judged())


@pytest.mark.parametrize(
    ("held", "level"), [(85, "trust"), (84, "use with care"), (70, "use with care"), (69, "do not use")]
)
def test_the_measured_coverage_bounds_the_level(scores: dict[Explanation, float], held: int, level: str) -> None:
    assert scores
    verdict = judged(recipe=replace(SURE, coverage=(Coverage(1, False, 100, 5, held),)))
    assert (verdict.level, verdict.on_curves) == (level, "trust")
    assert f"{held}% were in the 90 % interval" in verdict.coverage
    assert level == "trust" or f"{held}% of the 90 % intervals" in verdict.reasons[0]


@pytest.mark.parametrize("coverage", [(), (Coverage(3, False, 100, 4, 100),), (Coverage(3, False, 0, 9, 0),)])
def test_without_a_class_no_forecast_is_to_be_used(
    scores: dict[Explanation, float], coverage: tuple[Coverage, ...]
) -> None:
    assert scores
    verdict = judged(recipe=replace(SURE, coverage=coverage))
    assert of_level(verdict, "do not use", "nobody measured how often such forecasts hold (recipe 'sure': a law that")
    assert (verdict.coverage, verdict.on_curves) == ("", "trust")


def test_a_class_with_few_runs_is_counted_with_larger_ones() -> None:
    of_one, of_two = Coverage(1, False, 40, 9, 36), Coverage(2, False, 10, 2, 9)
    varying = Coverage(2, True, 30, 6, 24)
    recipe = replace(SURE, coverage=(of_one, of_two, varying))
    assert recipe.covered(1, scheduled=False) == of_one
    assert recipe.covered(0, scheduled=False) == of_one  # a calibration made elsewhere
    assert recipe.covered(2, scheduled=True) == recipe.covered(7, scheduled=True) == varying
    assert recipe.covered(2, scheduled=False) == Coverage(2, None, 40, 6, 33)
    alone = replace(SURE, coverage=(of_one, of_two))
    everything = alone.covered(2, scheduled=False)
    assert everything == Coverage(0, None, 50, 9, 45)
    said = [one.kind(recipe) for one in (of_one, of_two, varying, everything) if one is not None]
    assert said == [
        "1 emerged, a constant rate",
        "2 or more emerged, a constant rate",
        "2 or more emerged, a varying rate",
        "any number emerged, any rate",
    ]
    assert replace(SURE, coverage=(of_two,)).covered(2, scheduled=False) is None


@pytest.mark.parametrize(("lead", "care"), [(-0.5, 0), (0.0, 0), (0.5, CARE), (3.0, CARE), (3.1, STOP)])
def test_competing_skills_count_from_a_lead_of_the_resource_model_on(
    scores: dict[Explanation, float], lead: float, care: int
) -> None:
    scores[Explanation.RESOURCE] = 10.0 + lead
    verdict = judged()
    assert verdict.level == ("trust", "use with care", "do not use")[care]
    said = f"the resource model explains the curves better (log evidence {lead:+.1f})"
    assert any(one.endswith(said) for one in verdict.reasons) == (care > 0)


@pytest.mark.parametrize("rival", [Explanation.POWER_LAW, Explanation.EXPONENTIAL_CEILINGS])
@pytest.mark.parametrize("lead", [0.0, 0.1])
def test_a_smooth_rise_forbids_a_forecast(scores: dict[Explanation, float], rival: Explanation, lead: float) -> None:
    scores[rival] = 10.0 + lead
    verdict = judged()
    assert verdict.level == ("do not use" if lead else "trust")
    assert not lead or f"a rise without a delayed onset: {rival} explains the curves better" in verdict.reasons[0]


@pytest.mark.parametrize(("margin", "level"), [(0.01, "trust"), (-0.01, "use with care")])
def test_the_rarest_skill_to_come_must_lie_within_reach(
    scores: dict[Explanation, float], margin: float, level: str
) -> None:
    assert scores
    verdict = judged(recipe=replace(SURE, reach=math.log10(6) + margin), until=2000)
    assert verdict.level == level
    assert level == "trust" or of_level(
        verdict,
        level,
        "skill 3 lies 0.78 decades from the most frequent skill, further than the 0.77 that were tested",
    )
    assert judged(recipe=replace(SURE, reach=0.1)).level == "trust"  # none is to come


def of_dates(came: list[float], times: list[float], **others: Any) -> Any:
    """A forecast of normal times with a spread of 0.1 dex, for curves that came at others."""
    assert len(came) == len(times)

    def probability_by(log_time: float) -> Floats:
        return np.asarray(norm.cdf(log_time - np.log10(times), scale=0.1))

    n = len(times)
    arrivals = {"probability_by": probability_by, "waiting": np.ones(n), "by_growth": np.full(n, np.nan)} | others
    interval = np.column_stack([np.array(times) * 0.8, np.array(times) * 1.2])
    return SimpleNamespace(
        arrivals=SimpleNamespace(**arrivals), emergence_time=np.array(times), interval=interval, level=0.9, clock=None
    )


def passing(came: list[float]) -> xr.Dataset:
    """Straight lines in log time through a half at given steps; NaN never does."""
    rise = [0.5 + np.log10(STEPS / at) if at == at else np.zeros(STEPS.size) for at in came]
    return curves_from(np.clip(rise, 0, 1), STEPS, frequencies=np.full(len(came), 1 / len(came)))


# Of three skills that are tested, a miss of 2.37, 2.40, 3.57 and 3.61 standard deviations has chance 5.2 %, 4.8 %,
# 0.107 % and 0.092 %: less than 5 % asks for care, less than 0.1 % forbids.
@pytest.mark.parametrize(("sigmas", "grave"), [(2.37, None), (2.40, CARE), (3.57, CARE), (3.61, STOP)])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_missed_emergence_counts_by_its_chance(sigmas: float, grave: int | None, sign: int) -> None:
    came = [1000.0, 1000.0, 1000.0 * 10 ** (sign * sigmas * 0.1)]
    found = list(doubts.missed(passing(came), of_dates(came, [1000.0] * 3)))
    assert [one for one, _ in found] == ([] if grave is None else [grave])
    word = "later" if sign > 0 else "earlier"
    assert grave is None or found[0][1].startswith(f"skill 3 emerged {sigmas / 10:.2f} dex {word} than the others say")
    assert list(doubts.missed(passing(came), of_dates(came, [1000.0] * 3), alone=2)) == []


def test_misses_of_a_known_law_have_the_spread_of_three_skills(scores: dict[Explanation, float]) -> None:
    """The other two give the start to SPREAD/sqrt(2), so that a third strays from them by sqrt(1.5) SPREAD."""
    assert scores
    sd = math.sqrt(1.5) * SPREAD  # dates of dense clean curves are closer than a tenth of this
    for sigmas, level in ((2.0, "trust"), (2.7, "use with care"), (4.2, "do not use")):
        assert judged(curves((1.0, 1.0, 10 ** (sigmas * sd)))).level == level


@pytest.mark.parametrize("until", [2800, 3000, 3050])
def test_waiting_and_growth_are_probabilities_by_the_other_skills(scores: dict[Explanation, float], until: int) -> None:
    assert scores
    late = curves((1.0, 1.0, 1.05))
    made = assess(late, recipe=SURE, until=until).forecast
    assert made is not None
    assert made.arrivals is not None
    sd = math.sqrt(1.5) * SPREAD
    now = float(STEPS[until >= STEPS][-1])
    # Two dates with errors of up to 0.002 dex, and of 0.003 dex between Hill fit and passage.
    assert made.arrivals.waiting[2] == pytest.approx(norm.sf(math.log10(now / 3000), scale=sd), abs=0.12)
    assert made.own_growth is not None
    # A normal law of 0.05 dex about the date, less the part before now.
    at = math.log10(3150)
    own = truncnorm((math.log10(now) - at) / 0.05, math.inf, at, 0.05)
    np.testing.assert_allclose(made.own_growth[2], 10 ** own.ppf([0.05, 0.5, 0.95]), rtol=0.03)
    assert made.own_growth[2, 0] >= now


def test_a_skill_that_should_have_come_counts_by_its_chance(scores: dict[Explanation, float]) -> None:
    assert scores
    waiting = [(0.026, None), (0.0252, CARE), (0.0006, CARE), (0.0004, STOP)]  # of two skills: 5.1, 4.98, 0.12, 0.08 %
    nothing = [math.nan] * 3
    for chance, grave in waiting:
        forecast = of_dates(nothing, [1000.0] * 3, waiting=np.array([1.0, 1.0, chance]))
        known = passing([1000.0, math.nan, math.nan])
        found = list(doubts.overdue(known, forecast))
        assert [one for one, _ in found] == ([] if grave is None else [grave])
        assert grave is None or found[0][1].startswith("skill 3 should have emerged by now, and has not")
    assert judged(curves((1.0, 1.0, 100.0))).level == "do not use"
    assert list(doubts.overdue(passing([1000.0] * 3), of_dates(nothing, [1000.0] * 3, waiting=np.zeros(3)))) == []


@pytest.mark.parametrize(
    ("by", "grave", "when"),
    [
        (0.013, None, ""),
        (0.0124, CARE, "earlier"),
        (0.9876, CARE, "later"),
        (0.0002, STOP, "earlier"),
        (0.9998, STOP, "later"),
    ],
)
def test_growth_towards_an_unlikely_date_counts_by_its_chance(by: float, grave: int | None, when: str) -> None:
    """Of two skills that grow, 0.013 on one side is 5.1 % on either, and 0.0002 is 0.08 %."""
    forecast = of_dates([math.nan] * 3, [1000.0] * 3, by_growth=np.array([math.nan, by, 0.5]))
    found = list(doubts.grown(passing([1000.0, math.nan, math.nan]), forecast))
    assert [one for one, _ in found] == ([] if grave is None else [grave])
    assert grave is None or f"skill 2 grows towards a date {when} than the others say" in found[0][1]


def test_a_rare_skill_that_grows_too_early_forbids_the_forecast_and_keeps_its_own_date(
    scores: dict[Explanation, float],
) -> None:
    assert scores
    verdict = judged(curves((1.0, 1.0, 0.2)), until=560)
    assert "skill 3 grows towards a date earlier than the others say" in verdict.reasons[0]
    assert "should have emerged" not in str(verdict)
    by_growth = {one.skill: one.by_growth for one in verdict.still}[3]
    assert by_growth is not None
    assert by_growth[0] < 600 < by_growth[2]


@pytest.mark.parametrize(("width", "grave"), [(0.59, None), (0.61, CARE), (1.99, CARE), (2.01, STOP), (math.inf, STOP)])
def test_a_vague_date_to_come_is_a_doubt(width: float, grave: int | None) -> None:
    forecast = of_dates([1000.0, math.nan], [1000.0, 1000.0])
    forecast.interval = np.array([[1.0, 1e9], [1000.0, 1000.0 * 10**width]])
    found = list(doubts.wide(passing([1000.0, math.nan]), forecast))
    assert [one for one, _ in found] == ([] if grave is None else [grave])
    assert grave is None or found[0][1].startswith("the 90% interval of skill 2 is")


def test_an_interval_beyond_a_schedule_counts_up_to_its_end() -> None:
    forecast = of_dates([1000.0, math.nan], [1000.0, 1000.0])
    forecast.interval = np.array([[900.0, 1100.0], [1000.0, math.inf]])
    for end, grave in ((3900.0, []), (4100.0, [CARE])):
        forecast.clock = SimpleNamespace(flow_time=lambda _: 1.0, step=lambda _, end=end: end)
        assert [one for one, _ in doubts.wide(passing([1000.0, math.nan]), forecast)] == grave
    forecast.interval[1] = math.inf
    assert list(doubts.wide(passing([1000.0, math.nan]), forecast)) == []


def test_one_skill_alone_leaves_a_doubt_and_two_do_not(scores: dict[Explanation, float]) -> None:
    assert scores
    assert of_level(judged(until=800), "use with care", "only one skill has emerged, which cannot tell decoupled")
    assert judged(until=2000).level == "trust"


@pytest.mark.parametrize("on_skill", [1, 2, [1, 2]])
def test_the_only_date_that_was_used_is_no_test_of_itself(scores: dict[Explanation, float], on_skill: Any) -> None:
    assert scores
    steep = curves(steepness=9.0)
    noise = 0.03 * np.random.default_rng(0).standard_normal(steep["strength"].shape)
    assert judged(steep.assign(strength=steep["strength"] + noise), covered("sgd"), on_skill=on_skill).level == "trust"


def test_a_calibration_made_elsewhere_is_tested_by_the_first_skill(scores: dict[Explanation, float]) -> None:
    assert scores
    made = assess(curves(), recipe=SURE).calibration
    late = curves((2.0, 2.0, 2.0))
    found = judged(late, until=1500, calibration=made)
    assert found.level == "do not use"
    assert found.reasons[0].startswith(
        "skill 1 emerged 0.2"
    )  # 0.30 dex, less 0.06 by which a logistic misses a Hill curve


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


def test_fitted_frequencies_leave_doubts_of_their_own() -> None:
    assert list(limits.frequencies(None)) == list(limits.frequencies(fitted(3, "common alpha"))) == []
    assert list(limits.frequencies(fitted(2, "common alpha"))) == [(CARE, "the frequencies rest on two skills alone")]
    [(grave, text)] = limits.frequencies(fitted(3, "free rates"))
    assert grave == STOP
    assert text.startswith("the skills follow no power law of their rank")


def test_an_optimizer_that_nobody_names_is_not_trusted_before_four_skills(scores: dict[Explanation, float]) -> None:
    assert scores
    unknown = covered("unknown")
    few = judged(curves(optimizer=None), unknown)
    assert of_level(few, "use with care", "the optimiser is not known, and only 3 of the 4 skills that could show it")
    four = np.array([0.4, 0.3, 0.2, 0.1])
    strength = 1 / (1 + (200 / four[:, None] / STEPS) ** 4)
    settings = {"schedule": "constant", "batch_size": 1000}
    assert judged(curves_from(strength, STEPS, frequencies=four, settings=settings), unknown).level == "trust"


@pytest.mark.parametrize(("until", "level"), [(2000, "use with care"), (4000, "trust")])
def test_a_recipe_of_other_runs_is_trusted_from_three_skills_on(
    scores: dict[Explanation, float], until: int, level: str
) -> None:
    assert scores
    verdict = judged(curves(optimizer="adamw", batch_size=10**5), covered("other"), until=until)
    assert verdict.level == level
    assert level == "trust" or "no runs of this optimiser and network taught the recipe" in str(verdict)


@pytest.mark.parametrize(("steepness", "doubt"), [(2.4, False), (5.8, False), (6.3, True)])
def test_a_steepness_that_tells_nothing_is_a_doubt(
    scores: dict[Explanation, float], steepness: float, doubt: bool
) -> None:
    assert scores
    known = curves(steepness=steepness, optimizer="adamw", batch_size=10**5)
    verdict = judged(known, covered("other"))
    assert any("outside the 2.3 to 6 in which" in one for one in verdict.reasons) == doubt, str(verdict)
    assert verdict.level == ("use with care" if doubt else "trust")
    assert judged(curves(steepness=steepness), covered("sgd")).level == "trust"


def test_accuracies_ask_for_care(scores: dict[Explanation, float], monkeypatch: pytest.MonkeyPatch) -> None:
    assert scores
    for quantity in ("accuracy", "error rate"):
        monkeypatch.setattr(limits, "quantity_of", lambda _, one=quantity: one)
        assert of_level(judged(), "use with care", f"the {quantity} passes its half before the strength does")
    monkeypatch.setattr(limits, "quantity_of", lambda _: "loss")
    assert judged().level == "trust"


def test_an_unknown_schedule_asks_for_care_until_it_is_told(scores: dict[Explanation, float]) -> None:
    assert scores
    silent = curves(schedule=None)
    assert of_level(judged(silent), "use with care", "the schedule of the learning rate is not known")
    assert judged(silent, schedule="none").level == "trust"
    assert judged(silent, schedule=read_schedule("constant", 1000)).level == "trust"
    assert judged(curves(schedule="cosine")).level == "use with care"
    constant = silent.assign_coords(learning_rate=("step", np.full(STEPS.size, 0.1)))
    assert judged(constant).level == "trust"


@pytest.mark.parametrize(("last", "level"), [(0.0995, "trust"), (0.0985, "use with care")])
def test_a_varying_rate_without_a_clock_asks_for_care(
    scores: dict[Explanation, float], last: float, level: str
) -> None:
    assert scores
    varying = curves().assign_coords(learning_rate=("step", np.linspace(0.1, last, STEPS.size)))
    verdict = judged(varying, schedule="none")
    assert verdict.level == level
    assert level == "trust" or of_level(verdict, level, "the learning rate varies from 0.0985 to 0.1, and the forecast")
    counted = assess(varying, recipe=SURE)  # with the clock of the log
    assert (counted.in_effective_time, counted.verdict.level) == (True, "trust")
    assert "a varying rate" in counted.verdict.coverage


def test_stragglers_are_a_doubt_by_the_samples_in_a_batch(scores: dict[Explanation, float]) -> None:
    """Odds of 1 to 49 at 10 samples fall by exp(1) a decade of them: 2 %; ten times fewer 5.3 %."""
    assert scores
    odds = math.log(1 / 49) - 0.5
    law = replace(SURE.laws[0], scatter=Scatter(SPREAD, 0.0, 0.4, odds, -1.0))
    recipe = replace(SURE, laws=(law,))
    assert judged(curves(batch_size=100), recipe, until=2000).level == "trust"
    few = judged(curves(batch_size=10), recipe, until=2000)
    assert of_level(few, "use with care", "skill 3 may come much later (chance 5%): a batch holds 1 of it")
    assert judged(curves(batch_size=10), recipe).level == "trust"  # none is to come
    unsaid = replace(law, scatter=replace(law.scatter, log_odds=-3.0))
    unknown = judged(curves(batch_size=None), replace(SURE, laws=(unsaid,)), until=2000)
    assert of_level(unknown, "use with care", "skill 3 may come much later (chance 5%): the batch size is not known")


def test_a_plateau_does_no_harm_where_gamma_is_told(scores: dict[Explanation, float]) -> None:
    assert scores
    steep = curves(steepness=25.0, optimizer="adamw", batch_size=10**6)
    alone = judged(steep, covered("adam"), until=800)
    assert alone.level == "do not use"
    assert "rose from a plateau" in alone.reasons[0]
    assert "plateau" not in str(judged(steep, until=800))
    assert "plateau" not in str(judged(curves(steepness=25.0), covered("adam"), until=800))  # plain descent
    prior = SURE.laws[0]
    told = [replace(prior, scale=0.1), replace(prior, scale=0.11), replace(prior, by_steepness=True)]
    assert [replace(SURE, laws=(prior, law)).knows_gamma for law in told] == [True, False, False]


def test_what_is_not_to_be_used_says_what_still_holds(scores: dict[Explanation, float]) -> None:
    uncovered = replace(SURE, coverage=())
    early = judged(recipe=uncovered, until=2000)
    now = float(STEPS[STEPS <= 2000][-1])
    [third] = early.still
    assert (third.skill, third.not_before) == (3, now)
    assert third.by_growth is not None
    low, middle, high = third.by_growth
    assert now <= low < 3000 < high
    assert middle == pytest.approx(3000, rel=0.05)  # the error of growth at R/S = 0.16 is 0.05 dex
    assert judged(until=2000).still == ()
    scores[Explanation.POWER_LAW] = 20.0  # a smooth rise tells no other one's course
    [third] = judged(recipe=uncovered, until=2000).still
    assert (third.not_before, third.by_growth) == (now, None)
    nothing = judged(recipe=uncovered, until=100)
    assert [(one.skill, one.by_growth) for one in nothing.still] == [(1, None), (2, None), (3, None)]


def test_nothing_to_calibrate_on_forbids_a_forecast() -> None:
    known = curves_from(np.array([[[0.1, 0.234, np.nan]], [[0.0, 0.2, np.nan]]]), [0, 10, 20], frequencies=[1.0])
    said = "no skill to calibrate on has emerged (highest R/S so far: 0.23)"
    assert nothing_emerged(known, (1,), lambda _: False) == (STOP, said)
    never = curves_from(np.full((1, 2), np.nan), [0, 10], frequencies=[1.0])
    verdict = judged(never)
    assert verdict.level == "do not use"
    assert verdict.reasons[0].endswith("highest R/S so far: -inf)")
    assert (verdict.evidence, verdict.still) == ((), ())


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


def test_skills_that_follow_no_rank_law_are_not_forecast_but_dated_by_their_growth() -> None:
    """Three skills a decade apart from any power law of their rank, and one to come."""
    half = np.array([500.0, 4000.0, 4500.0, 20_000.0])
    strength = 1 / (1 + (half[:, None] / STEPS) ** 4)
    known = curves_from(strength, STEPS, settings=SETTINGS)
    early = assess(known, "fitted", recipe=covered("rank"), until=12_000)
    assert early.frequency_fit is not None
    if not early.frequency_fit.free_rates:
        pytest.fail("the mix was made to follow no power law")
    assert early.verdict.level == "do not use"
    assert any(reason.startswith("the skills follow no power law") for reason in early.verdict.reasons)
    [last] = early.verdict.still
    assert last.skill == 4
    assert last.by_growth is not None
    assert last.by_growth[0] < 20_000 < last.by_growth[2]


def test_dates_that_made_their_own_frequency_are_used() -> None:
    half = 500 * np.arange(1, 5) ** 1.6
    known = curves_from(1 / (1 + (half[:, None] / STEPS) ** 4), STEPS, settings=SETTINGS)
    early = assess(known, "fitted", recipe=covered("rank"), until=3500)
    rows = early.summary()["skills"]
    assert early.used.tolist() == [row["used"] for row in rows] == [True, True, True, False]
