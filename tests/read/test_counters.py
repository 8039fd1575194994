"""A counter that starts again while the values go on is met, and an offset mends it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from saltus import InputError, emergence_times, read_curves, reading_report
from tests.field.lookalikes import STEPS, rise, table, three_skills, wide
from tests.helpers import shared_data


def resumed(folder: Path, at: list[float], *, again: bool = False, seed: int = 0) -> Path:
    """A log whose counter starts at 0 again after each of the true steps ``at``; ``again``: that step is repeated."""
    names = three_skills(seed)
    true = np.concatenate([STEPS, at if again else []])
    order = np.argsort(true, kind="stable")
    true = true[order]
    repeated = np.append(False, np.diff(true) == 0)
    begins = repeated if again else np.isin(true, np.array(at) + 50)
    origin = np.maximum.accumulate(np.where(begins, true, 0.0))
    rng = np.random.default_rng(seed + 1)
    columns = {
        name: np.interp(true, STEPS, values) + repeated * rng.normal(0, 0.008, len(true))
        for name, values in names.items()
    }
    return wide(folder, columns, true - origin)[0]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("at", [400, 800, 1200, 1600])
@pytest.mark.parametrize("again", [False, True])
def test_it_asks_for_the_offset_and_gives_the_number(tmp_path: Path, at: int, again: bool, seed: int) -> None:
    path = resumed(tmp_path, [at], again=again, seed=seed)
    right, other = (at, at + 50) if again else (at + 50, at)
    with pytest.raises(InputError, match=f"{at}, then 0, while skill .* goes on") as error:
        read_curves(path)
    said = str(error.value)
    if "as they seem to" in said:
        assert f"give step_offset={right} if " in said
        assert f"or else {other}" in said
    else:
        assert at in (400, 800)  # there no skill rises fast
        assert str(right) in said
    times = emergence_times(read_curves(path, step_offset=right))
    np.testing.assert_allclose(times.mean, [580, 1180, 1500], rtol=0.03)


def test_several_resumptions_have_an_offset_each(tmp_path: Path) -> None:
    path = resumed(tmp_path, [600, 1000])
    with pytest.raises(InputError, match=r"give step_offset=\[650, 400\] if .*, or else \[600, 350\]"):
        read_curves(path)
    curves = read_curves(path, step_offset=[650, 400])
    np.testing.assert_allclose(emergence_times(curves).mean, [580, 1180, 1500], rtol=0.03)
    said = "step offset: 650, 400 added to the steps after each of 2 returns to the start"
    assert said in reading_report(curves).lines
    with pytest.raises(InputError, match="step_offset must be one number, or one for each of the 2 times that steps"):
        read_curves(path, step_offset=[650, 400, 100])


def test_rows_of_several_skills_in_turn_share_their_counter(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    names = three_skills(0)
    rows = [
        (step - 850 if step > 800 else step, name, float(names[name][i]))
        for i, step in enumerate(STEPS)
        for name in names
        if not (name == "sort" and 700 < step < 1300)  # no row of its own shows this skill's return
    ]
    path.write_text(table(dict(zip(("step", "skill", "strength"), zip(*rows, strict=True), strict=True))))
    with pytest.raises(InputError, match="850"):
        read_curves(path)
    times = emergence_times(read_curves(path, step_offset=850))
    np.testing.assert_allclose(times.mean, [580, 1180, 1500], rtol=0.03)


def test_a_first_attempt_that_was_given_up_is_no_return(tmp_path: Path) -> None:
    """From scratch again after a third: values start again as well, as the steps do."""
    steps = np.concatenate([STEPS[:13], STEPS])
    curves = read_curves(wide(tmp_path, {"copy": rise(steps, 580, 70), "sort": rise(steps, 1180, 140)}, steps))
    assert {finding.kind for finding in reading_report(curves).findings} == {"rewound steps", "order"}
    np.testing.assert_allclose(emergence_times(curves).mean, [580, 1180], rtol=0.03)


def test_an_offset_without_a_return_is_refused(tmp_path: Path) -> None:
    path = wide(tmp_path, three_skills(0))
    with pytest.raises(InputError, match="step_offset is for steps that start again; received 'steps that do not'; "):
        read_curves(path, step_offset=100)
    with pytest.raises(InputError, match="step_offset must be a finite number of at least 0; received -1; "):
        read_curves(path, step_offset=-1)


@pytest.mark.parametrize(
    ("name", "offset"), [("res-counter0", "1200"), ("res-counter0-early", "400"), ("res-segments", "200")]
)
def test_real_logs_of_resumed_runs(name: str, offset: str) -> None:
    folder = shared_data("field/resume-counter")
    with pytest.raises(InputError, match=f"give step_offset={offset} if the first values repeat the last ones, "):
        read_curves(folder / f"{name}.csv")
    mended = emergence_times(read_curves(folder / f"{name}.csv", step_offset=float(offset)))
    truth = emergence_times(read_curves(folder / "res-truth.csv"))
    np.testing.assert_allclose(mended.mean, truth.mean, rtol=0.03)


def test_infinite_steps_are_refused_whatever_offset_is_given(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("step,acc\n0,0.1\n10,0.2\ninf,0.3\ninf,0.3\n0,0.4\n10,0.5\n")
    with pytest.raises(InputError, match="column 'step' must hold numbers of at least 0; received inf"):
        read_curves(path, step_offset=10)
