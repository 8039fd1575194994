"""Training runs: reproducible to the bit, and honest about how they ended."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import xarray as xr

from saltus import InputError, MultitaskSparseParity, PowerLaw, TrainingWarning, emergence_times, train_mlp
from saltus.curves.spacing import geometric_steps
from saltus.curves.table import total_loss
from saltus.train.job import Job
from saltus.train.kernel.training import MLPTraining

TASK = MultitaskSparseParity(PowerLaw(0.6, 2), n_bits=12, n_relevant=2, target_scale=3.0)


def small(**changes: object) -> xr.Dataset:
    settings: dict[str, object] = {"steps": 120, "learning_rate": 0.02, "init_std": 0.1, "width": 40, "batch_size": 50}
    return train_mlp(TASK, **(settings | {"seeds": 3} | changes))  # type: ignore[arg-type]


def same(left: xr.Dataset, right: xr.Dataset) -> bool:
    return all(np.array_equal(left[name], right[name], equal_nan=True) for name in left.data_vars)


@pytest.mark.parametrize("extra", [{}, {"optimizer": "adam", "learning_rate": 1e-3}, {"n_data": 70}])
def test_same_seed_gives_the_same_bits_for_any_number_of_workers(extra: dict[str, object]) -> None:
    one = small(workers=1, **extra)
    assert same(one, small(workers=3, **extra))
    np.testing.assert_array_equal(one.sel(run=[2]).strength, small(seeds=[2], **extra).strength)
    assert not np.array_equal(one.strength[0], one.strength[1])


def test_watching_more_closely_or_longer_does_not_change_a_run() -> None:
    whole = small(measure_at=[0, 60, 120], strength_samples=8)
    assert np.array_equal(whole.strength[:, :, 0], small(measure_at=[0], strength_samples=8).strength[:, :, 0])
    losses = [
        small(measure_at=at, strength_samples=2**12 * 4, **more).sel(step=120).skill_loss
        for at, more in (([120], {}), ([7, 50, 51, 120], {}), ([120], {"steps": 130}))
    ]
    # The same network measured on other samples: equal within the noise of its 16,000 evaluations.
    for loss in losses[1:]:
        np.testing.assert_allclose(loss, losses[0], rtol=0.05)


def test_networks_side_by_side_are_runs_of_their_own() -> None:
    both = small(width=(3, 20), seeds=[4, 7])
    assert both["strength"].dims == ("run", "skill", "step")
    assert both["seed"].values.tolist() == [4, 4, 7, 7]
    assert both["width"].values.tolist() == [3, 20, 3, 20]
    seen = Job(TASK, MLPTraining(120, learning_rate=0.02, init_std=0.1, width=(3, 20), batch_size=50), 7).run(
        lambda _: None
    )
    for name in ("strength", "strength_error", "skill_loss"):
        np.testing.assert_array_equal(both[name][2:], getattr(seen, name))


def test_curves_carry_labels_and_settings() -> None:
    curves = small(seeds=[5, 9], momentum=0.5)
    assert curves.run.values.tolist() == [5, 9]
    np.testing.assert_array_equal(curves.frequency, TASK.frequencies.first())
    assert curves.attrs["flow_learning_rate"] == pytest.approx(2 * 0.02 / (1 - 0.5))
    assert curves.step.values[0] == 0
    assert curves.step.values[-1] == 120
    for part in ("PowerLaw", '"width": 40', '"momentum": 0.5'):
        assert part in curves.attrs["settings"]
    assert np.isnan(small(optimizer="adam").attrs["flow_learning_rate"])


def test_the_loss_of_an_untrained_network_is_half_the_square_of_the_target() -> None:
    curves = small(init_std=1e-3, measure_at=[0])
    np.testing.assert_allclose(total_loss(curves), TASK.target_scale**2 / 2, rtol=1e-3)


def test_the_more_frequent_skill_emerges_first_and_half_the_rate_takes_twice_as_long() -> None:
    slow, fast = (
        emergence_times(
            train_mlp(TASK, steps=steps, learning_rate=rate, init_std=0.01, width=200, batch_size=200, seeds=4)
        )
        for steps, rate in ((4800, 0.01), (2400, 0.02))
    )
    assert slow.n_emerged.tolist() == fast.n_emerged.tolist() == [4, 4]
    assert np.all(fast.mean[0] + fast.sd[0] < fast.mean[1])
    ratio = slow.mean / fast.mean
    error = ratio * np.sqrt(((slow.sd / slow.mean) ** 2 + (fast.sd / fast.mean) ** 2) / 4)
    # Gradient flow depends on rate times time alone; 4 standard errors, and 5 % for what is not flow yet.
    assert np.all(np.abs(ratio - 2) < 4 * error + 0.1)


def test_a_run_past_its_stability_edge_says_so_and_keeps_what_was_measured() -> None:
    task = MultitaskSparseParity(PowerLaw(0.6, 1))
    with pytest.warns(TrainingWarning) as caught:
        curves = train_mlp(task, steps=1000, learning_rate=0.1, init_std=0.01, batch_size=1000)
    (text,) = (str(warning.message) for warning in caught)
    assert text.startswith("run with seed 0 stalled: at step 1000 skill 1 has R/S = 0.")
    assert "though at learning rate 0.1 it should pass 0.5 near step 133" in text
    assert text.endswith("try learning_rate=0.05")
    assert curves.status.values.tolist() == ["stalled"]
    assert np.isfinite(curves.strength).all()


def test_a_run_that_diverges_ends_and_keeps_what_was_measured() -> None:
    with pytest.warns(TrainingWarning, match="run with seed 0 diverged: at step [0-9]+ the batch loss") as caught:
        curves = small(learning_rate=5.0, init_std=0.3, seeds=1, measure_at=[0, 100])
    assert "its first 1 measurements are kept; try learning_rate=2.5" in str(caught[0].message)
    assert curves.status.values.tolist() == ["diverged"]
    assert np.isfinite(curves.strength[0, :, 0]).all()
    assert np.isnan(curves.strength[0, :, 1]).all()


def test_equal_settings_are_equal_runs_however_the_numbers_are_written() -> None:
    plain = small()
    dressed = small(width=np.int64(40), batch_size=50.0, learning_rate=np.float32(0.5) / np.float32(25))
    assert plain.attrs["settings"] != dressed.attrs["settings"]  # 0.02 in single precision is another number
    dressed = small(width=np.int64(40), batch_size=50.0, steps=np.int32(120), learning_rate=np.float64(0.02))
    assert plain.attrs == dressed.attrs
    assert same(plain, dressed)


def test_a_healthy_run_gives_no_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert set(small().status.values) == {"finished"}


def test_a_failing_run_stops_the_others() -> None:
    def fail(index: int, steps_taken: int) -> None:
        if index == 0 and steps_taken > 0:
            raise RuntimeError("stop here")

    with pytest.raises(RuntimeError, match="stop here"):
        small(steps=10**7, progress=fail, workers=2)


@pytest.mark.parametrize("steps", [1, 2, 49, 50, 24_000])
def test_measurement_grid_is_fine_enough_for_two_percent(steps: int) -> None:
    grid = geometric_steps(steps)
    assert grid[0] == 0
    assert grid[-1] == steps
    gaps = np.diff(grid)
    assert np.all(gaps >= 1)
    # Whole steps: a gap is at most 2 % of where it starts, rounded up to the next step.
    assert np.all(gaps <= np.maximum(1, np.ceil(0.02 * grid[:-1]) + 1))


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"steps": -5}, "steps must be a whole number, 1 or more; received -5; "),
        ({"steps": float("nan")}, "steps must be a whole number, 1 or more; received nan; "),
        ({"learning_rate": 0}, "learning_rate must be a finite number greater than 0; received 0; "),
        ({"init_std": float("inf")}, "init_std must be a finite number greater than 0; received inf; "),
        ({"width": 0}, "width must be a whole number, 1 or more; received 0; "),
        ({"batch_size": "many"}, "batch_size must be a whole number, 1 or more; received 'many'; "),
        ({"optimizer": "lion"}, "optimizer must be 'sgd' or 'adam'; received 'lion'; choose one of them"),
        ({"momentum": 1.0}, "momentum must be at least 0 and below 1; received 1.0; "),
        ({"momentum": 0.5, "optimizer": "adam"}, "momentum belongs to SGD; received 0.5; leave it at 0 with adam"),
        ({"weight_decay": -1.0}, "weight_decay must be at least 0; received -1.0; "),
        ({"n_data": 0}, "n_data must be a whole number, 1 or more; received 0; "),
        ({"measure_at": ()}, "measure_at must name at least one step; received (); give ascending whole steps from 0"),
        ({"measure_at": (0, 5, 5)}, "measure_at must ascend and end by the last step; received (0, 5, 5); "),
        ({"measure_at": (0, 101)}, "measure_at must ascend and end by the last step; received (0, 101); "),
    ],
)
def test_bad_settings_are_refused_in_one_line(change: dict[str, object], text: str) -> None:
    good: dict[str, object] = {"steps": 100, "learning_rate": 0.02, "init_std": 0.01}
    with pytest.raises(InputError) as refusal:
        MLPTraining(**(good | change))  # type: ignore[arg-type]
    assert str(refusal.value).startswith(text)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"workers": 0}, "workers must be a whole number, 1 or more; received 0; "),
        ({"seeds": 0}, "seeds must be a whole number, 1 or more; received 0; "),
        ({"seeds": [1, -1]}, "seed must be a whole number, 0 or more; received -1; "),
    ],
)
def test_bad_run_options_are_refused_in_one_line(change: dict[str, object], text: str) -> None:
    with pytest.raises(InputError) as refusal:
        small(**change)
    assert str(refusal.value).startswith(text)
