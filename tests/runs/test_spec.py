"""Specs: what the grid is, and that nothing wrong gets past them."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saltus import InputError, Job, MLPTraining, MultitaskSparseParity, PowerLaw
from saltus.runs.spec import read_spec
from saltus.store.plan import Plan, Shard
from saltus.train.torch.gated_perceptron import GatedPerceptron
from saltus.train.torch.network import Architecture, NetworkTraining
from saltus.train.torch.perceptron import Perceptron
from saltus.train.torch.transformer import Transformer
from tests.runs.small import EXAMPLE, NETWORKS, ROOT, SMALL, jobs


def spec(tmp_path: Path, text: str) -> Plan:
    path = tmp_path / "sweep.toml"
    path.write_text(text)
    return read_spec(path)


def test_a_spec_is_the_runs_that_python_would_make(tmp_path: Path) -> None:
    task = MultitaskSparseParity(PowerLaw(0.6, 2), n_bits=12, n_relevant=2, target_scale=3.0)
    wanted = [
        Job(task, MLPTraining(60, learning_rate=0.02, init_std=0.1, width=w, batch_size=50, strength_samples=16), seed)
        for w in (20, 40, 60)
        for seed in (0, 1)
    ]
    plan = spec(tmp_path, SMALL)
    assert list(plan.jobs) == wanted
    assert plan.keys == Plan(tuple(wanted)).keys


def test_the_example_is_24_runs_with_crossed_and_zipped_axes() -> None:
    grid = {
        (job.training.widths[0], job.training.learning_rate, job.training.steps, job.seed)
        for job in read_spec(EXAMPLE).jobs
    }
    together = ((0.02, 6000), (0.01, 12000))
    assert grid == {(width, *pair, seed) for width, pair, seed in itertools.product((64, 128, 256), together, range(4))}


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("[5, 7]", [5, 7]),
        ("{ from = 10, to = 40, step = 10 }", [10, 20, 30, 40]),
        ("{ from = 10, to = 45, step = 10 }", [10, 20, 30, 40]),
        ("{ from = 40, to = 10, step = -15 }", [40, 25, 10]),
        ("{ from = 10, to = 20, count = 3 }", [10, 15, 20]),
        ("{ from = 10, to = 1000, count = 3, log = true }", [10, 100, 1000]),
        ("{ from = 10, to = 1000, count = 4, log = true }", [10, 46, 215, 1000]),
    ],
)
def test_lists_and_ranges(tmp_path: Path, text: str, values: list[int]) -> None:
    plan = spec(tmp_path, SMALL.replace("[20, 40, 60]", text))
    assert [job.training.widths[0] for job in plan.jobs[::2]] == values


def test_ranges_of_numbers_are_as_a_person_would_write_them(tmp_path: Path) -> None:
    text = SMALL.replace(
        "training.width = [20, 40, 60]", "training.learning_rate = { from = 0.1, to = 0.5, step = 0.1 }"
    )
    assert [job.training.learning_rate for job in spec(tmp_path, text).jobs[::2]] == [0.1, 0.2, 0.3, 0.4, 0.5]


def test_axes_reach_the_frequencies_and_measured_ones_are_frequencies_too(tmp_path: Path) -> None:
    text = SMALL.replace("training.width = [20, 40, 60]", "task.frequencies.alpha = [1, 2.5]")
    laws = [job.task.frequencies for job in spec(tmp_path, text).jobs[::2]]
    assert laws == [PowerLaw(1.0, 2), PowerLaw(2.5, 2)]
    text = SMALL.replace("{ alpha = 0.6, n_skills = 2 }", "{ values = [3, 1] }")
    np.testing.assert_allclose(spec(tmp_path, text).jobs[0].task.frequencies.first(), [0.75, 0.25])


def test_a_list_of_seeds_and_training_lists(tmp_path: Path) -> None:
    text = SMALL.replace("seeds = 2", "seeds = [7, 3]").replace("steps = 60", "steps = 60\nmeasure_at = [0, 60]")
    plan = spec(tmp_path, text)
    assert [job.seed for job in plan.jobs[:2]] == [7, 3]
    assert plan.jobs[0].training.measure_at == (0, 60)


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("width = 20", "widht = 20", "training.widht: there is no such key; received 'widht'; known are batch_size,"),
        (
            "seeds = 2",
            "sedes = 2",
            "sedes: there is no such key; received 'sedes'; known are axes, seeds, task, training",
        ),
        (
            "seeds = 2",
            "seeds = 0",
            "seeds: must be a count of 1 or more, or a list of different whole numbers; received 0",
        ),
        ("seeds = 2", "seeds = [1, 1]", "seeds: must be a count of 1 or more, or a list of different whole numbers"),
        (
            "n_bits = 12",
            "n_bits = '12'",
            "task.n_bits: must be a valid integer; received '12'; give a value of that type",
        ),
        ("steps = 60", "steps = 60.5", "training.steps: must be a valid integer; received 60.5; "),
        ("steps = 60", "steps = true", "training.steps: must be a valid integer; received True; "),
        ("steps = 60", "", "training.steps: must be given; received None; add it to [training]"),
        ("width = 20", "kind = 'CNN'", "training.kind: must be one of MLPTraining, NetworkTraining; received 'CNN'; "),
        ("width = 20", "optimizer = 'lion'", "training.optimizer: must be 'sgd' or 'adam'; received 'lion'; "),
        ("[20, 40, 60]", "[]", "training.width: an axis must have at least one value; received []; fill it or remove"),
        ("[20, 40, 60]", "5", "training.width: an axis must be a list or a range; received 5; give a list, or "),
        (
            "[20, 40, 60]",
            "[20, 0]",
            "training: width must be a whole number, 1 or more (at training.width = 0); received 0",
        ),
        ("[20, 40, 60]", "[20, 'x']", "training.width: must be a valid integer; received 'x'"),
        ("[20, 40, 60]", "[20, 20]", "every run of a sweep must be different; received "),
        (
            "training.width =",
            "training.wdth =",
            "training.wdth: there is no such key; received",
        ),
        (
            "training.width =",
            "width =",
            "width: an axis must vary the task or the training; received 'width'; e.g. training.",
        ),
        (
            "training.width =",
            "task.n_bits.x =",
            "task.n_bits.x: there is no such key; received 'task.n_bits.x'; n_bits is a",
        ),
        (
            "[[axes]]",
            "[[axes]]\ntraining.steps = [9]",
            "axes[1]: keys that vary together must have equally many values",
        ),
        ("[[axes]]", "[[axes]]\ntraining.width = [9]\n[[axes]]", "training.width: must be in one axis only; received "),
        ("[[axes]]", "[axes]", "axes: must be tables; received "),
        ("training.width = [20, 40, 60]", "", "axes[1]: must name at least one key; received {}; add e.g. "),
        ("[20, 40, 60]", "{ from = 1, count = 3 }", "training.width: a range must have an end, and a step or a count"),
        (
            "[20, 40, 60]",
            "{ from = 1, to = 5, step = -1 }",
            "training.width: the step must lead from one end to the other",
        ),
        (
            "[20, 40, 60]",
            "{ from = 0, to = 5, count = 3, log = true }",
            "training.width: count must be 1 or more, and ends",
        ),
        ("[20, 40, 60]", "{ from = 'a', to = 5, count = 3 }", "training.width: the ends of a range must be numbers"),
        ("[20, 40, 60]", "{ from = 1, to = 5, cuont = 3 }", "training.width.cuont: there is no such key"),
        (
            "{ alpha = 0.6, n_skills = 2 }",
            "{ alpha = -1, n_skills = 2 }",
            "task.frequencies: alpha must be a finite number",
        ),
        ("{ alpha = 0.6, n_skills = 2 }", "{ alpha = 0.6 }", "task: n_skills must be finite here; received inf"),
        ("{ alpha = 0.6, n_skills = 2 }", "0.6", "task.frequencies: must be a table; received 0.6; give { alpha = 0.6"),
        (
            "n_relevant = 2",
            "n_relevant = 7",
            "task: disjoint skills need n_relevant * n_skills <= n_bits, here 7 * 2 <= 12",
        ),
        ("seeds = 2", "seeds = ", "the spec must be TOML; received "),
    ],
)
def test_what_is_wrong_is_refused_naming_file_key_and_rule(tmp_path: Path, old: str, new: str, text: str) -> None:
    assert old in SMALL
    with pytest.raises(InputError) as refusal:
        spec(tmp_path, SMALL.replace(old, new, 1))
    assert str(refusal.value).startswith(f"{tmp_path / 'sweep.toml'}: {text}")


def test_a_spec_of_networks_is_the_runs_that_python_would_make(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    task = MultitaskSparseParity(PowerLaw(0.9, 2), n_bits=6, n_relevant=2, target_scale=1.0)

    def trained(network: Architecture, optimizer: str, momentum: float) -> Job:
        shared: dict[str, Any] = {"learning_rate": 0.01, "batch_size": 32, "strength_samples": 16}
        return Job(task, NetworkTraining(40, network=network, optimizer=optimizer, momentum=momentum, **shared), 0)

    both = (("sgd", 0.9), ("adam", 0.0))
    wanted = [trained(Transformer(width, heads=2), *how) for width in (8, 16) for how in both]
    assert list(spec(tmp_path, NETWORKS).jobs) == wanted
    kinds = 'training.network = [{ kind = "Perceptron", width = 9, n_layers = 3 }, { kind = "GatedPerceptron" }]'
    wanted = [trained(network, *how) for network in (Perceptron(9, n_layers=3), GatedPerceptron()) for how in both]
    assert list(spec(tmp_path, NETWORKS.replace("training.network.embedding = [8, 16]", kinds)).jobs) == wanted


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("heads", "haeds", "training.network.haeds: there is no such key; received 'haeds'; known are embedding, "),
        ("Transformer", "RNN", "training.network.kind: must be one of Perceptron, GatedPerceptron, Transformer; "),
        ('kind = "Transformer", ', "", "training.network.kind: must be one of Perceptron, GatedPerceptron, Transform"),
        ("heads = 2", "heads = 2.5", "training.network.heads: must be a valid integer; received 2.5; give a value"),
        ("heads = 2", "heads = 3", "training.network: embedding must be a multiple of heads, here of 3 (at training."),
        ("[8, 16]", "[8, 15]", "training.network: embedding must be a multiple of heads, here of 2 (at training."),
        ("network =", "init_std = 1.0\nnetwork =", "training.init_std: there is no such key; received 'init_std'; "),
        ("network =", "kind = 'MLPTraining'\nnetwork =", "training.network: there is no such key; received 'network'"),
    ],
)
def test_wrong_networks_are_refused_in_one_line(tmp_path: Path, old: str, new: str, text: str) -> None:
    pytest.importorskip("torch")
    assert old in NETWORKS
    with pytest.raises(InputError) as refusal:
        spec(tmp_path, NETWORKS.replace(old, new, 1))
    assert str(refusal.value).startswith(f"{tmp_path / 'sweep.toml'}: {text}")
    assert "\n" not in str(refusal.value)


def test_a_network_must_be_a_table(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="training.network: must be a table; received 8; give { kind = 'Perceptron', "):
        spec(tmp_path, SMALL.replace("width = 20", "network = 8").replace("training.width", "training.steps"))


def test_the_documented_spec_is_one(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    (text,) = re.findall(r"^```toml\n(.*?)^```", (ROOT / "docs/scale.md").read_text(), flags=re.S | re.M)
    assert len(spec(tmp_path, text).jobs) == 12


def test_a_spec_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the spec must be a readable file; received .*; No such file or directory"):
        read_spec(tmp_path / "none.toml")


def test_a_run_is_named_by_what_decides_its_numbers_and_by_nothing_else() -> None:
    (key,) = Plan(tuple(jobs(1))).keys
    assert len(key) == 64
    for change in ({"steps": 61}, {"measure_at": (0, 60)}, {"strength_samples": 24}, {"momentum": 0.5}, {"n_data": 9}):
        assert Plan(tuple(jobs(1, **change))).keys != (key,)
    assert Plan(tuple(jobs(2))).keys[0] == key
    assert Plan(tuple(reversed(jobs(3)))).name == Plan(tuple(jobs(3))).name != Plan(tuple(jobs(2))).name


@given(count=st.integers(1, 9), shards=st.integers(1, 12))
def test_shards_share_every_run_out_once(count: int, shards: int) -> None:
    plan = Plan(tuple(jobs(count)))
    parts = [Shard(i, shards).of(plan) for i in range(1, shards + 1)]
    assert sorted(key for part in parts for key in part) == sorted(plan.keys)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("3", "a shard must be written I/N; received '3'; give --shard 3/16, for example"),
        ("a/b", "a shard must be written I/N; received 'a/b'; "),
        ("0/4", "a shard must be numbered from 1 to 4; received 0; "),
        ("5/4", "a shard must be numbered from 1 to 4; received 5; "),
        ("1/0", "the number of shards must be a whole number, 1 or more; received 0; "),
    ],
)
def test_bad_shards(text: str, rule: str) -> None:
    with pytest.raises(InputError) as refusal:
        Shard.parse(text)
    assert str(refusal.value).startswith(rule)


def test_a_sweep_without_runs_is_refused() -> None:
    with pytest.raises(InputError, match="a sweep must have at least one run; received 0"):
        Plan(())
