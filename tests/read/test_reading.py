"""From files to calibrations: our own output, and real exports of somebody else's training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import saltus
from saltus.present.report import Report, write
from saltus.present.table import Table
from tests.helpers import shared_data


def test_trained_curves_come_back_from_their_file_and_calibrate_alike(tmp_path: Path) -> None:
    frequencies = saltus.PowerLaw(alpha=0.6, n_skills=2)
    task = saltus.MultitaskSparseParity(frequencies, n_bits=12, n_relevant=2)
    trained = saltus.train_mlp(
        task, steps=2000, learning_rate=0.02, init_std=0.02, width=200, batch_size=200, seeds=[5, 9]
    )
    tables = {"curves": saltus.tidy_table(trained)}
    write(Report(title="", table=Table(), summary={}, tables=tables), tmp_path)
    read = saltus.read_curves(tmp_path / "curves.csv")
    for name in ("strength", "skill_loss"):
        # The file has nine digits.
        np.testing.assert_allclose(read[name], trained[name], rtol=1e-8, atol=1e-8)
    assert read["run"].to_numpy().tolist() == [5, 9]
    assert not saltus.reading_report(read).findings or {
        finding.kind for finding in saltus.reading_report(read).findings
    } == {"strength outside [0, 1]"}
    again, before = saltus.calibrate_time(read, frequencies), saltus.calibrate_time(trained)
    assert again.rate == pytest.approx(before.rate, rel=1e-6)
    assert again.half_exposure == pytest.approx(before.half_exposure, rel=1e-6)
    assert again.rate_error == pytest.approx(before.rate_error, rel=1e-4)
    assert np.isnan(again.feature_rate_squared)
    ratio = again.forecast(frequencies, measured=read).log10_ratio
    np.testing.assert_allclose(ratio, before.forecast(frequencies, measured=trained).log10_ratio, atol=1e-6)


def test_runs_on_different_grids_calibrate_as_on_their_own(tmp_path: Path) -> None:
    def rows(run: int, every: int) -> list[str]:
        steps = range(0, 3001, every)
        return [f"{run},1,{step},{1 / (1 + np.exp(-(0.01 + 0.001 * run) * step + 8)):.12g}" for step in steps]

    fits = []
    for runs in ([(0, 50)], [(1, 70)], [(0, 50), (1, 70)]):
        path = tmp_path / "c.csv"
        path.write_text("\n".join(["run,skill,step,strength", *(row for run in runs for row in rows(*run))]))
        fits.append(saltus.calibrate_time(saltus.read_curves(path), saltus.Frequencies([1])))
    assert fits[2].n_runs == 2
    assert fits[2].rate == pytest.approx(np.sqrt(fits[0].rate * fits[1].rate), rel=1e-7)
    assert [fits[0].rate, fits[1].rate] == pytest.approx([0.01, 0.011], rel=1e-6)


@pytest.mark.parametrize(
    ("name", "n_steps", "spacing", "last"),
    [("190M-1xC.csv", 37, (72, 200, 200), 7272), ("1B-5xC.csv", 163, (352, 500, 500), 81352)],
)
def test_a_training_ladder_of_97_columns(name: str, n_steps: int, spacing: tuple[int, ...], last: int) -> None:
    path = shared_data(f"olmo-ladder/{name}")
    raw = np.genfromtxt(path, delimiter=",", names=True, deletechars="", replace_space=" ")
    chance = 0.25
    curves = saltus.read_curves(
        path, columns=["eval/downstream/mmlu_*_val*", "eval/*_acc"], quantity="accuracy", chance=chance
    )
    skills = curves["skill_name"].to_numpy().tolist()
    assert len(skills) == 5
    assert skills[-1] == "eval/downstream/boolq_val_rc_5shot_acc"
    np.testing.assert_array_equal(curves["step"], raw["_step"])
    expected = np.array([(raw[skill] - chance) / (1 - chance) for skill in skills])
    np.testing.assert_allclose(curves["strength"][0], expected, rtol=1e-13, atol=1e-15)
    report = saltus.reading_report(curves)
    assert (report.n_measurements, report.spacing, report.last) == (5 * n_steps, spacing, last)
    kinds = {finding.kind: finding.count for finding in report.findings}
    assert kinds == {
        "several counters": 1,
        "learning rate": n_steps,
        "columns left out": 90,
        "strength outside [0, 1]": int((expected < 0).sum()),
    }


def test_losses_of_the_ladder_convert_and_its_whole_width_is_reported() -> None:
    path = shared_data("olmo-ladder/1B-5xC.csv")
    losses = saltus.read_curves(path, columns="*CrossEntropyLoss", quantity="loss")
    assert losses.sizes == {"run": 1, "skill": 11, "step": 163}
    right = np.exp(-losses["skill_loss"])
    guessed = right[..., 0]
    np.testing.assert_allclose(losses["strength"], (right - guessed) / (1 - guessed), rtol=1e-12, atol=1e-14)
    everything = saltus.read_curves(path)
    assert everything.sizes["skill"] == 13
    assert all(name.endswith(("_acc", "_len_norm")) for name in everything["skill_name"].to_numpy())
    findings = {finding.kind: finding.count for finding in saltus.reading_report(everything).findings}
    assert (findings["several measures"], findings["several quantities"]) == (7, 73)
    with pytest.raises(
        saltus.InputError, match="skill 'eval/dolma_reddit-validation/CrossEntropyLoss' must rise through"
    ):
        saltus.calibrate_time(losses, saltus.PowerLaw(0.6, 11), on_skill=5)
