"""From values to strength: quantities, percentages, tokens, ceilings, chance levels found and given, errors."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta

from saltus import InputError, assess, emergence_times, read_curves, reading_report
from saltus._types import Floats
from saltus.read.chance import Floor
from saltus.read.convert import to_strength
from saltus.read.measurements import QUANTITIES, Labels, Measurements, Quantity
from saltus.read.scale import Scale
from saltus.read.strengths import Strengths
from saltus.read.value_errors import binomial_error
from tests.helpers import MIX, logistic

STEPS = np.arange(0, 1801, 50.0)
RISE = logistic((STEPS - 900) / 112)


def measured(
    curves: Mapping[str, Floats], quantity: Quantity = "accuracy", n_runs: int = 1, **beside: Floats
) -> Measurements:
    """Curves over `STEPS`, or as many of them; those of several runs stand one after the other in each array."""
    names = tuple(curves)
    lengths = [len(values) // n_runs for values in curves.values()]
    runs = [run for run in range(n_runs) for length in lengths for _ in range(length)]
    skills = [k for _ in range(n_runs) for k, length in enumerate(lengths) for _ in range(length)]
    parts = [np.split(np.asarray(values, dtype=float), n_runs) for values in curves.values()]
    return Measurements(
        layout="test",
        resource="step",
        step_column="step",
        quantity=quantity,
        run=Labels(np.array(runs, dtype=np.int32), tuple(str(run) for run in range(n_runs))),
        skill=Labels(np.array(skills, dtype=np.int32), names),
        position=np.concatenate([STEPS[:length] for _ in range(n_runs) for length in lengths]),
        value=np.concatenate([part[run] for run in range(n_runs) for part in parts]),
        beside=beside,
    )


def converted(values: Floats, quantity: Quantity = "accuracy", scale: Scale | None = None, **beside: Any) -> Strengths:
    return to_strength(measured({"mod": values}, quantity, **beside), scale or Scale())


def kinds(found: Strengths) -> set[str]:
    return {finding.kind for finding in found.findings}


def wide(folder: Path, **columns: Floats) -> Path:
    path = folder / "log.csv"
    rows = [",".join(map(repr, map(float, row))) for row in zip(STEPS, *columns.values(), strict=True)]
    path.write_text("\n".join([",".join(["step", *columns]), *rows]))
    return path


def test_an_error_rate_is_one_minus_accuracy_and_may_exceed_1() -> None:
    accuracy, scale = np.array([0.25, 0.5, 1.0]), Scale(chance=0.25)
    as_accuracy, as_rate = converted(accuracy, scale=scale), converted(1 - accuracy, "error_rate", scale)
    np.testing.assert_allclose(as_rate.value, as_accuracy.value, atol=1e-15)
    assert as_rate.rule == as_accuracy.rule + "; accuracy = 1 - error_rate"
    np.testing.assert_allclose(converted(np.array([1.5, 1.2, 0.5]), "error_rate").value, [-0.5, -0.2, 0.5])


@pytest.mark.parametrize("quantity", ["bits", "log_likelihood"])
def test_bits_and_log_likelihoods_are_losses_in_another_unit(quantity: Quantity) -> None:
    loss = np.array([2.0, 0.5, 0.02])
    values = -loss if quantity == "log_likelihood" else loss / np.log(2)
    np.testing.assert_allclose(converted(values, quantity).value, converted(loss, "loss").value, rtol=1e-14)


def test_a_log_likelihood_above_0_is_refused() -> None:
    with pytest.raises(InputError, match=r"log-likelihoods must be at most 0; received 0\.5; choose other columns"):
        converted(np.array([-1.0, 0.5]), "log_likelihood")


@settings(deadline=None)
@given(st.lists(st.floats(0.02, 1), min_size=4, max_size=20), st.sampled_from(["accuracy", "error_rate"]))
def test_percentages_give_the_strengths_of_shares(shares: list[float], quantity: Quantity) -> None:
    values = np.array([0.3, *shares])
    error = np.full(len(values), 0.01)
    of_shares = converted(values, quantity, value_error=error)
    of_percent = converted(100 * values, quantity, value_error=100 * error)
    np.testing.assert_allclose(of_percent.value, of_shares.value, atol=1e-12)
    np.testing.assert_allclose(of_percent.error, of_shares.error, atol=1e-12)
    assert kinds(of_percent) == kinds(of_shares) | {"percentages"}


def test_a_late_skill_is_in_percent_as_the_others_are() -> None:
    curves = {"early": 100 * RISE, "middle": 60 * RISE, "late": np.linspace(0, 0.9, len(STEPS))}
    found = to_strength(measured(curves), Scale())
    np.testing.assert_allclose(found.value[-len(STEPS) :], curves["late"] / 100)
    assert found.findings[0].text == "all skills from 0 to 100: divided by 100".replace(
        "100:", f"{100 * RISE[-1]:.4g}:"
    )


@pytest.mark.parametrize(
    "values",
    [[0.1, 0.4, 0.9, 1.02], [0.1, 0.5, 0.9, 35.0], [200.0, 300.0, 800.0, 900.0]],
    ids=["noise", "one of four", "beyond 100"],
)
def test_values_that_are_no_percentages_are_kept(values: list[float]) -> None:
    assert "percentages" not in kinds(converted(np.array(values)))
    np.testing.assert_array_equal(converted(np.array(values)).value, values)


def test_error_rates_of_words_above_1_are_no_percentages() -> None:
    np.testing.assert_allclose(converted(np.array([3.0, 1.8, 1.2, 1.1]), "error_rate").value, [-2, -0.8, -0.2, -0.1])


@pytest.mark.parametrize("tokens", [2, 4, 8])
def test_an_answer_of_several_tokens_shows_the_skill_of_one(tokens: int) -> None:
    start = np.full(len(STEPS), 0.3)
    strength = np.maximum(RISE, start)
    found = converted(strength**tokens, scale=Scale(tokens_per_answer={"mod": tokens}, chance=0.3))
    seen = found.value > 0
    np.testing.assert_allclose(found.value[seen], ((strength - 0.3) / 0.7)[seen], atol=1e-12)
    assert f"tokens t: {tokens}" in found.rule


def test_noise_about_0_is_no_answer_of_eight_tokens() -> None:
    rng = np.random.default_rng(0)
    n = 200
    answers = rng.binomial(n, RISE**8) / n
    noisy = RISE**8 + rng.normal(0, 0.006, len(STEPS))
    scale = Scale(tokens_per_answer=8)
    assert "invisible answers" in kinds(converted(noisy, scale=scale))
    cases: list[tuple[Floats, dict[str, Any]]] = [(noisy, {}), (answers, {}), (answers, {"n": np.full(len(STEPS), n)})]
    for values, beside in cases:
        found = converted(values, scale=scale, **beside)
        assert (found.value[RISE < 0.3] == 0).all()
        rising = RISE > 0.75
        np.testing.assert_allclose(found.value[rising], RISE[rising], atol=0.08)
    hidden = found.value == 0
    assert (found.error[hidden] > 0.1).all()
    assert np.isfinite(found.error).all()


def test_some_skills_may_be_named_by_pattern_and_the_rest_are_found(tmp_path: Path) -> None:
    path = wide(tmp_path, lambada=RISE, mmlu_law=0.25 + 0.75 * RISE, mmlu_bio=0.3 + 0.7 * RISE, sciq=0.2 + 0.8 * RISE)
    chance = {"lambada": 0.0, "mmlu_*": 0.25, "mmlu_bio": 0.3}
    curves = read_curves(path, quantity="accuracy", chance=chance)
    np.testing.assert_allclose(curves["strength"][0], [RISE] * 4, atol=2e-3)
    assert "chance: 0 of skill 'lambada', 0.25 of skill 'mmlu_law', 0.3 of skill 'mmlu_bio', ..." in (
        reading_report(curves).rule
    )
    assert np.isfinite(curves["unexplained_floor"].to_numpy()).tolist() == [False, False, False, True]


@pytest.mark.parametrize(
    ("scale", "quantity", "text"),
    [
        (
            Scale(chance={"nod": 0.1}),
            "accuracy",
            "chance must name skills of the file; received 'nod'; give one number",
        ),
        (
            Scale(ceiling=0.2, chance=0.25),
            "accuracy",
            "ceiling must lie above chance; received \"0.2 for skill 'mod', ",
        ),
        (Scale(ceiling=1.2), "accuracy", "ceiling must be at most 1; received 1.2; give the accuracy of a learned"),
        (Scale(ceiling=2.0), "loss", "the ceiling of losses must lie below the initial loss; received "),
        (
            Scale(ceiling=0.5),
            "strength",
            "ceiling belongs to accuracy; received 'ceiling with strength'; read accuracy",
        ),
        (Scale(tokens_per_answer=4), "loss", "tokens_per_answer belongs to accuracy; received 'tokens_per_answer with"),
        (Scale(tokens_per_answer=0.5), "accuracy", "tokens_per_answer must be at least 1; received 0.5; give how many"),
        (Scale(initial_loss={"mod": -1}), "bits", "initial_loss must be a finite number greater than 0; received -1; "),
    ],
)
def test_numbers_that_do_not_fit_are_refused_in_one_line(scale: Scale, quantity: Quantity, text: str) -> None:
    with pytest.raises(InputError) as caught:
        converted(np.array([0.5, 0.6, 0.9]), quantity, scale)
    assert str(caught.value).startswith(text)
    assert "\n" not in str(caught.value)


def test_a_ceiling_is_the_value_of_a_learned_skill() -> None:
    accuracy = converted(0.25 + 0.37 * RISE, scale=Scale(chance=0.25, ceiling=0.62))
    np.testing.assert_allclose(accuracy.value, RISE, atol=1e-14)
    assert accuracy.rule == "strength = (accuracy - chance) / (ceiling - chance), chance: 0.25, ceiling: 0.62"
    loss = converted(1.5 + 4 * (1 - RISE) ** 2, "loss", Scale(initial_loss=5.5, ceiling=1.5, loss_kind="squared"))
    np.testing.assert_allclose(loss.value, RISE, atol=1e-14)
    assert loss.rule == "strength = 1 - sqrt((loss - ceiling) / (loss_0 - ceiling)), loss_0: 5.5, ceiling: 1.5"
    below = converted(np.array([4.0, 1.0, 0.75]), "loss", Scale(ceiling=1.0, loss_kind="squared"))
    assert below.value[1] == 1
    assert below.value[2] > 1  # said as a strength outside [0, 1]


def test_a_loss_that_rises_may_be_a_score() -> None:
    scale = Scale(loss_kind="squared")
    found = converted(0.2 + RISE, "loss", scale)
    assert [finding.text for finding in found.findings] == ["1 of 1 rise all along: skill 'mod': is it a score?"]
    assert kinds(converted(3 - RISE, "loss", scale)) == set()


def half(found: Strengths) -> float:
    after = int((found.value >= 0.5).argmax())
    low, high = found.value[after - 1 : after + 1]
    return float(STEPS[after - 1] + 50 * (0.5 - low) / (high - low)) if after else 0.0


@pytest.mark.parametrize("n", [50, 200, 1000])
@pytest.mark.parametrize("chance", [0.0, 0.1, 0.25, 0.27, 0.5])
def test_a_chance_that_is_estimated_does_not_move_the_half_time(n: int, chance: float) -> None:
    rng = np.random.default_rng(7)
    shifts = []
    for told in (True, False) * 6:
        answers = rng.binomial(n, chance + (1 - chance) * RISE) / n
        beside: dict[str, Any] = {"n": np.full(len(STEPS), n)} if told else {}
        estimated, known = (converted(answers, scale=scale, **beside) for scale in (Scale(), Scale(chance=chance)))
        shifts.append(np.log10(half(estimated) / half(known)))
    assert abs(np.median(shifts)) < 0.003
    assert np.mean(np.abs(shifts)) < 0.015  # of the 5 standard errors of one half time with 50 questions, one


def test_the_level_is_said_and_pooled_over_runs() -> None:
    rng = np.random.default_rng(0)
    runs = np.concatenate([rng.binomial(500, 0.27 + 0.73 * RISE) / 500 for _ in range(4)])
    one, four = (to_strength(measured({"mod": runs[: k * len(STEPS)]}, n_runs=k), Scale()) for k in (1, 4))
    assert "measurements of all runs" in four.rule
    levels = [float(found.rule.split("chance: ")[1].split()[0]) for found in (one, four)]
    assert abs(levels[1] - 0.27) < 0.012  # the rise begins below the noise
    finding = four.findings[0]
    assert (finding.kind, finding.count) == ("chance estimated", 1)
    assert finding.text.endswith(": give chance= to set it")


@pytest.mark.parametrize(
    ("values", "chance"),
    [
        (0.9 + 0.05 * RISE, 0.0),  # there from the beginning
        (np.full(len(STEPS), 0.9), 0.0),
        (np.full(len(STEPS), 0.25), 0.25),  # not begun
        (np.full(len(STEPS), 0.41), 0.0),  # anything
        (0.15 + 0.8 * (1 - np.exp(-STEPS / 400)), 0.0),  # rises at once
        (0.4 * (1 - RISE), 0.0),  # falls
        (0.525 + 0.2 * RISE, 0.5),
        (RISE, 0.0),
        (np.array([0.3, 0.9]), 0.0),
    ],
)
def test_levels_that_are_no_chance_are_not_taken_for_it(values: Floats, chance: float) -> None:
    found = converted(values)
    np.testing.assert_allclose(found.value, (values - chance) / (1 - chance), atol=1e-12)
    assert ("chance estimated" in kinds(found)) == (chance > 0)


def test_noise_does_not_make_a_chance_of_a_rise_without_a_start() -> None:
    rng = np.random.default_rng(1)
    for _ in range(10):
        value = 0.15 + 0.8 * (1 - np.exp(-STEPS / 400)) + rng.normal(0, 0.02, len(STEPS))
        assert "chance estimated" not in kinds(converted(value))


def test_a_level_that_nobody_explained_forbids_trust(tmp_path: Path) -> None:
    steps = STEPS
    rises = {f"s{k}": logistic(-9 + 0.04 * p * steps) for k, p in enumerate(MIX)}
    from saltus import Frequencies

    verdicts = {}
    for name, options in {"given": {"chance": 0.25}, "found": {}}.items():
        path = wide(tmp_path, **{skill: 0.25 + 0.75 * rise for skill, rise in rises.items()})
        curves = read_curves(path, quantity="accuracy", **options)  # type: ignore[arg-type]
        verdicts[name] = assess(curves, Frequencies(MIX), until=1300).verdict
    doubt = (
        "the start of skill 's0' at 0.252, skill 's1' at 0.25, skill 's2' at 0.25 is not explained: give the accuracy"
    )
    assert verdicts["found"].level != "trust"
    assert any(reason.startswith(doubt) for reason in verdicts["found"].reasons), verdicts["found"]
    assert not any("not explained" in reason for reason in verdicts["given"].reasons)


def test_accuracies_read_as_strengths_show_an_unexplained_floor(tmp_path: Path) -> None:
    curves = read_curves(wide(tmp_path, mod=0.25 + 0.75 * RISE))
    np.testing.assert_allclose(curves["strength"][0, 0], 0.25 + 0.75 * RISE)
    assert [finding.kind for finding in reading_report(curves).findings] == ["unexplained floor"]
    assert curves["unexplained_floor"].to_numpy() == pytest.approx([0.25], abs=2e-3)
    assert "unexplained_floor" not in read_curves(wide(tmp_path, mod=RISE)).coords


@pytest.mark.parametrize(("right", "n"), [(0, 50), (50, 50), (13, 50), (800, 1000), (1, 1)])
def test_binomial_errors_are_those_of_jeffreys_posterior(right: int, n: int) -> None:
    exact = beta(right + 0.5, n - right + 0.5).std()
    assert float(binomial_error(right / n, n)) == pytest.approx(exact, rel=1e-12)


@pytest.mark.parametrize(
    ("quantity", "scale"),
    [
        ("accuracy", Scale(chance=0.2, ceiling=0.9)),
        ("error_rate", Scale(chance=0.2)),
        ("accuracy", Scale(tokens_per_answer=4, chance=0.1)),
        ("loss", Scale(initial_loss=2.0, ceiling=0.1)),
        ("log_likelihood", Scale(initial_loss=2.0)),
        ("bits", Scale(initial_loss=2.0)),
        ("strength", Scale()),
    ],
)
def test_errors_go_through_the_rule_as_draws_do(quantity: Quantity, scale: Scale) -> None:
    sign = -1 if quantity == "log_likelihood" else 1
    middle, error = sign * np.array([0.8, 0.5, 0.3]), np.full(3, 0.01)
    found = converted(middle, quantity, scale, value_error=error)
    draws = np.random.default_rng(0).normal(middle, error, size=(1500, 3))
    of_draws = np.std([converted(draw, quantity, scale).value for draw in draws], axis=0)
    np.testing.assert_allclose(found.error, of_draws, rtol=0.08)  # 4 standard errors of a spread of 1500 draws
    assert found.measured_errors


def test_errors_of_0_are_replaced_by_those_of_as_many_items() -> None:
    accuracy = np.array([0.0, 0.2, 0.62, 1.0])
    harness = np.sqrt(accuracy * (1 - accuracy) / 49)
    found = converted(accuracy, scale=Scale(chance=0.0), value_error=harness)
    np.testing.assert_allclose(found.error[1:3], harness[1:3])
    np.testing.assert_allclose(found.error[[0, 3]], binomial_error([0, 1], 50))
    unknown = converted(np.array([0.0, 1.0]), scale=Scale(chance=0.0), value_error=np.zeros(2))
    assert np.isnan(unknown.error).all()


def test_numbers_of_items_are_kept_where_they_do_not_change() -> None:
    n = np.concatenate([np.full(len(STEPS), 50.0), np.arange(len(STEPS)) + 10])
    found = to_strength(measured({"mod": RISE, "add": RISE}, n=n), Scale())
    np.testing.assert_array_equal(found.items, [50, np.nan])
    np.testing.assert_allclose(found.error, binomial_error(np.tile(RISE, 2), n), rtol=1e-12)


def test_strength_errors_of_trainings_are_kept_but_are_none_of_measurement() -> None:
    found = converted(RISE, "strength", strength_error=np.full(len(STEPS), 0.02))
    np.testing.assert_array_equal(found.error, 0.02)
    assert not found.measured_errors


def test_emergence_of_half_learned_tasks_is_dated_with_their_ceiling(tmp_path: Path) -> None:
    path = wide(tmp_path, lambada=0.62 * RISE)
    times = [emergence_times(read_curves(path, quantity="accuracy", ceiling=top)).mean[0] for top in (None, 0.62)]
    assert times[1] == pytest.approx(900, abs=1)
    assert times[0] > 1050


_ODD = [0.0, 1.0, -1.0, 1e300, -1e300, 1e-300, 0.25, 100.0, 3.0, -0.0, 5e-324, 1e17]


@settings(deadline=None, max_examples=80)
@given(st.data())
def test_any_numbers_end_in_finite_strengths_or_a_refusal(data: st.DataObject) -> None:
    quantity = data.draw(st.sampled_from(QUANTITIES))
    size = data.draw(st.integers(1, 12))
    values = np.array(data.draw(st.lists(st.sampled_from(_ODD) | st.floats(0, 1), min_size=size, max_size=size)))
    odd = st.lists(st.sampled_from([0.0, 0.01, np.nan, np.inf, -1.0, 50.0, 1e300]), min_size=size, max_size=size)
    beside = {name: np.array(data.draw(odd)) for name in ("value_error", "n") if data.draw(st.booleans())}
    tokens = data.draw(st.sampled_from([None, 4.0, 1e9])) if quantity in ("accuracy", "error_rate") else None
    try:
        found = converted(values, quantity, Scale(tokens_per_answer=tokens), **beside)
    except InputError:
        return
    assert np.isfinite(found.value).all()
    assert not np.isinf(found.error).any()


@pytest.mark.parametrize(
    ("level", "error", "rises", "chance"),
    [
        (0.019, 0.001, True, 0.0),  # next to nothing
        (0.021, 0.001, True, 0.021),
        (0.06, 0.03, True, 0.0),  # two standard errors from nothing
        (0.26, 0.02, False, 0.25),  # one of four answers
        (0.26, 0.004, True, 0.26),  # clearly not
        (0.26, 0.004, False, 0.0),  # no rise that tells a level of guessing from a skill
        (0.54, 0.024, False, 0.5),
        (0.54, 0.026, False, 0.0),  # too vague to tell guesses apart
        (0.54, 0.004, True, 0.5),  # an untrained network may beat a coin
        (0.56, 0.004, True, 0.0),  # a skill from the beginning
    ],
)
def test_a_level_that_may_be_one_of_guessing(level: float, error: float, rises: bool, chance: float) -> None:
    assert Floor(level, error, noise=0.01, n=9, rises=rises).chance == pytest.approx(chance, abs=1e-12)


def test_a_level_that_nobody_explained_lies_between_noise_and_skill() -> None:
    levels = [(0.1, 0.01), (0.11, 0.01), (0.54, 0.01), (0.56, 0.01), (0.56, 0.05)]
    found = [Floor(level, 0.001, noise, n=9, rises=True).unexplained for level, noise in levels]
    np.testing.assert_equal(found, [np.nan, 0.11, 0.54, np.nan, 0.56])
