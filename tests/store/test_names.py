"""Names and random streams of runs: fixed for ever, and untouched by settings that a later version adds."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

from saltus import Job, NetworkTraining, SkillRecorder, Transformer, sweep
from saltus.settings import LATER, describe
from saltus.store.plan import Plan, key_of
from saltus.store.record import arrays_of, read_record
from saltus.store.store import Store
from saltus.train.configuration import run_streams
from tests.runs.small import TASK, training

MARKS = (0, 10, 20, 40, 60)
PLAIN = Job(TASK, training(measure_at=MARKS), 0)
# Read off version 0.1.0, whose runs lie in the stores of users: never to be changed.
NAMES = {
    "1af9b3d3b50be84497399818ecf1b964b64dbc54289c7880019e01eb67031ad1": PLAIN,
    "6986f30257ad7808903e8a5bdd01a7f3541a4879687c580127fa28c9450e220f": Job(
        TASK, training(measure_at=MARKS, n_data=200, optimizer="adam", halve_every=30), 1
    ),
    "93b87e1d964c2f6f7eb36b3c74e1458ae20723c202352f69c3c34976904051f7": Job(
        TASK, training(measure_at=MARKS, width=(4, 8)), 2
    ),
    "e4ccbf3dfd07d4d5813884018800391837e3565cc07187790377815ddd0d833b": Job(
        TASK, NetworkTraining(40, learning_rate=0.01, batch_size=32, network=Transformer(8, heads=2)), 7
    ),
}
STREAMS = [
    [1203180911, 1392314350, 2376104429],
    [323664736, 2682003773, 151381574],
    [3913892548, 2729035885, 2693427336],
    [3431342704, 1410747323, 4170043234],
]


def streams(job: Job) -> list[int]:
    return [int(stream.generate_state(1)[0]) for stream in run_streams(job.seed, job.task, job.training)]


def with_later_field(plain: Any, default: object, **given: object) -> Any:
    """``plain`` as a later version makes it, whose class has one more field, of the name ``later``."""
    kind = type(plain)
    later = dataclasses.field(default=default, metadata=LATER, kw_only=True)
    grown = dataclasses.make_dataclass(kind.__name__, [("later", object, later)], bases=(kind,), frozen=True)
    return grown(
        **{entry.name: getattr(plain, entry.name) for entry in dataclasses.fields(plain) if entry.init}, **given
    )


@pytest.mark.parametrize(("name", "job"), list(NAMES.items()))
def test_names_of_runs_are_those_of_0_1_0(name: str, job: Job) -> None:
    assert key_of(job) == name


@pytest.mark.parametrize(("job", "words"), list(zip(NAMES.values(), STREAMS, strict=True)))
def test_random_streams_are_those_of_0_1_0(job: Job, words: Sequence[int]) -> None:
    assert streams(job) == words


@pytest.mark.parametrize("default", [None, 0.0, "plain", (1, 2)])
@pytest.mark.parametrize(("name", "job", "words"), [(*pair, w) for pair, w in zip(NAMES.items(), STREAMS, strict=True)])
def test_a_later_setting_at_its_default_changes_neither(
    name: str, job: Job, words: Sequence[int], default: object
) -> None:
    grown = dataclasses.replace(job, training=with_later_field(job.training, default))
    assert describe(grown)["training"]["later"] == (list(default) if isinstance(default, tuple) else default)
    assert key_of(grown) == name
    assert streams(grown) == words


def test_a_later_setting_that_is_used_makes_another_run() -> None:
    jobs = [dataclasses.replace(PLAIN, training=with_later_field(PLAIN.training, None, later=x)) for x in (1, 2)]
    assert len({key_of(PLAIN), *map(key_of, jobs)}) == 3
    assert len({tuple(streams(job)) for job in [PLAIN, *jobs]}) == 3


@pytest.mark.parametrize("place", ["task", "frequencies", "network"])
def test_later_settings_of_task_frequencies_and_network_count_likewise(place: str) -> None:
    name, job = list(NAMES.items())[3]
    assert isinstance(job.training, NetworkTraining)

    def grown(**given: object) -> Job:
        task, used = job.task, job.training
        if place == "task":
            task = with_later_field(task, 0.5, **given)
        elif place == "frequencies":
            task = dataclasses.replace(task, frequencies=with_later_field(task.frequencies, 0.5, **given))
        else:
            used = dataclasses.replace(used, network=with_later_field(used.network, 0.5, **given))  # type: ignore[call-arg, attr-defined]
        return Job(task, used, job.seed)

    assert (key_of(grown()), streams(grown())) == (name, STREAMS[3])
    assert key_of(grown(later=0.25)) != name
    assert streams(grown(later=0.25)) != STREAMS[3]


@pytest.mark.parametrize("writer", ["before", "after"])
def test_records_from_before_and_after_a_setting_came_have_one_name(tmp_path: Path, writer: str) -> None:
    grown = dataclasses.replace(PLAIN, training=with_later_field(PLAIN.training, None))
    seen = PLAIN.run(lambda steps_taken: None)  # noqa: ARG005
    store = Store.create(tmp_path)
    written, wanted = (PLAIN, grown) if writer == "before" else (grown, PLAIN)
    store.write_arrays(key_of(written), ".npz", arrays_of(written, seen)[0])
    np.testing.assert_array_equal(read_record(store, key_of(wanted)).measurements.strength, seen.strength)


def test_a_record_of_a_run_that_uses_a_later_setting_is_read(tmp_path: Path) -> None:
    used = dataclasses.replace(PLAIN, training=with_later_field(PLAIN.training, None, later=3))
    outcome = sweep([PLAIN, used], store=tmp_path)
    np.testing.assert_array_equal(outcome.curves()["later"], [np.nan, 3])
    assert read_record(Store.open(tmp_path), key_of(used)).configuration["training"]["later"] == 3


def test_a_sweep_finds_the_runs_from_before_a_setting_came(tmp_path: Path) -> None:
    sweep([PLAIN], store=tmp_path)
    grown = dataclasses.replace(PLAIN, training=with_later_field(PLAIN.training, None))
    assert Plan((grown,)).name == Plan((PLAIN,)).name
    assert sweep([grown], store=tmp_path).repeated == 1


def test_a_recorder_goes_on_with_its_run_after_a_setting_came(tmp_path: Path) -> None:
    def zero(inputs: np.ndarray) -> np.ndarray:
        return np.zeros(len(inputs))

    SkillRecorder(TASK, store=tmp_path, n_samples=8)(0, zero)
    later = SkillRecorder(with_later_field(TASK, None), store=tmp_path, n_samples=8)
    assert later.curves()["step"].to_numpy().tolist() == [0]
    later(5, zero)
    assert len(list(tmp_path.glob("??/*.npz"))) == 1
