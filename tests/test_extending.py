"""The page on extending: each skeleton is built and used as the page says; names in all pages exist."""

from __future__ import annotations

import importlib
import importlib.util
import math
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from saltus import Job, MultitaskSparseParity, PowerLaw

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/extending.md").read_text(encoding="utf-8")
SKELETONS = dict(re.findall(r"^<!-- skeleton: (\w+) -->\n```python\n(.*?)^```", PAGE, re.S | re.M))
TASK = MultitaskSparseParity(PowerLaw(0.6, 2), n_bits=6, n_relevant=1, target_scale=2.0)


def built(name: str) -> dict[str, Any]:
    """The names that a skeleton defines."""
    module = sys.modules[f"skeleton_{name}"] = ModuleType(f"skeleton_{name}")  # where dataclasses look up types
    exec(compile(SKELETONS[name], f"docs/extending.md, {name}", "exec"), module.__dict__)
    return module.__dict__


def test_there_is_a_skeleton_of_every_kind() -> None:
    assert set(SKELETONS) == {
        *("later", "resource", "reader", "trainer", "dynamics", "figure", "command", "deprecation")
    }


def test_the_resource_has_the_fields_of_ours() -> None:
    resource = built("resource")["BATCH"]
    assert f"{12.3:.{resource.digits}f} {resource.unit}" == "12 samples a step"
    assert resource.moment.format(100.0) == "from batches up to 100"


def test_the_reader_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from saltus.read import readers, reading

    row = (readers.ends_in(".rows"), built("reader")["open_named_rows"])
    monkeypatch.setattr(readers, "READERS", (row, *readers.READERS))
    path = tmp_path / "curves.rows"
    path.write_text("step 0 10 20\nskill_1 0.0 0.4 0.9\nskill_2 0.0 0.1 0.2")
    curves = reading.read_curves(path)
    assert curves["strength"].values.tolist() == [[[0.0, 0.4, 0.9], [0.0, 0.1, 0.2]]]


def test_the_trainer_trains_in_the_loop_and_goes_on_from_its_state() -> None:
    training = built("trainer")["LinearTraining"](60, learning_rate=0.05, batch_size=50)
    seen = Job(training=training, task=TASK, seed=1).run(lambda _: None)
    assert seen.strength.shape[-1] == len(training.measurement_steps)
    start, batch = np.random.SeedSequence(3), TASK.sample(40, np.random.default_rng(4))
    one, other = training.learner(TASK, start), training.learner(TASK, start)
    inputs, targets = batch.inputs.astype(float), batch.targets.astype(float)
    before, first = np.array(one.weights), one.advance(batch[:10], 1, math.inf)
    assert first == pytest.approx([np.mean((inputs[:10] @ before - targets[:10]) ** 2)])
    # The update by hand: the gradient of the plain squared error.
    slope = inputs[:10].T @ (inputs[:10] @ before - targets[:10]) / 10
    np.testing.assert_allclose(one.weights, before - 0.05 * 2 * slope)
    other.restore(one.state())
    np.testing.assert_array_equal(one.advance(batch[10:], 3, math.inf), other.advance(batch[10:], 3, math.inf))
    assert len(one.advance(batch[:20], 2, 0.0)) == 1  # the first loss is not below this limit


def test_the_dynamics_meet_the_contract_of_models() -> None:
    model = built("dynamics")["StraightAhead"](
        PowerLaw(0.6, 3), target_scale=2.0, learning_rate=0.5, initial_strength=0.2
    )
    frequency = np.array([1.0, 2**-1.6, 3**-1.6]) / (1 + 2**-1.6 + 3**-1.6)
    np.testing.assert_allclose(model.strength(1.0), 0.2 + 2.0 * 0.5 * frequency)  # at T = 1
    when = model.emergence(np.array([1, 2, 3]), 0.25)
    np.testing.assert_allclose(when, (0.25 - 0.1) / (0.5 * frequency))
    assert np.all(model.strength(math.inf) == 2.0)


def test_the_figure_is_drawn_and_its_report_written(tmp_path: Path) -> None:
    from saltus.present.report import write
    from saltus.reproduce.shared.options import RunOptions

    space = built("figure")
    report = space["reproduce"](space["PRESETS"]["paper"], RunOptions())
    names = {path.name for path in write(report, tmp_path)}
    assert names == {"strengths.png", "strengths.pdf", "summary.csv", "summary.json"}
    # Half strength at log(S / r - 1) / (2 P_1), of a logistic that starts at r.
    first = 1 / (1 + 2**-1.6 + 3**-1.6)
    assert report.summary["skills"][0]["time"] == pytest.approx(math.log(99) / (2 * first), rel=0.01)


def test_the_command_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    import saltus.cli

    monkeypatch.setitem(saltus.cli.COMMANDS, "frequency", built("command")["Frequency"])
    (example,) = re.findall(r"Example: saltus (.*)", SKELETONS["command"])
    assert saltus.cli.main(example.split()) == 0
    # 2^-1.6 / zeta(1.6)
    assert float(capsys.readouterr().out) == pytest.approx(2**-1.6 / 2.2857656644, rel=1e-5)


def named() -> list[str]:
    pages = (ROOT / "docs").rglob("*.md")
    texts = [page.read_text(encoding="utf-8") for page in pages if "results" not in page.parts]
    return sorted({name for text in texts for name in re.findall(r"`(saltus(?:\.\w+)+)", text)})


@pytest.mark.parametrize("name", named())
def test_every_name_in_the_pages_exists(name: str) -> None:
    if name.startswith(("saltus.Parity", "saltus.train.torch")):
        pytest.importorskip("torch")
    parts = name.split(".")
    depth = next(n for n in range(len(parts), 0, -1) if _is_module(".".join(parts[:n])))
    found: Any = importlib.import_module(".".join(parts[:depth]))
    for part in parts[depth:]:
        found = getattr(found, part)


def _is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def test_the_architecture_page_shows_the_floors_of_the_guide() -> None:
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    assert '```{include} ../CONTRIBUTING.md\n:start-after: "<!-- floors -->"' in page


def test_the_architecture_page_has_every_room() -> None:
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    rooms = set(re.findall(r"^\| `(\w+)` \|", page, re.M))
    folders = {path.parent.name for path in (ROOT / "src/saltus").glob("*/__init__.py")}
    assert folders <= rooms
