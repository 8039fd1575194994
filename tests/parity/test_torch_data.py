"""The task as PyTorch datasets: right samples, none twice, whoever makes them."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from scipy.stats import chisquare

pytest.importorskip("torch")

import torch
from torch.utils.data import BatchSampler, DataLoader, RandomSampler

import saltus
from saltus import InputError, MultitaskSparseParity, ParityDataset, ParityStream, PowerLaw

TASK = MultitaskSparseParity(PowerLaw(0.6, 3), n_bits=60, n_relevant=3, target_scale=2.0)


def forks(test: Any) -> Any:
    """Python warns where a process with threads forks, PyTorch where workers outnumber processors."""
    for warning in ("ignore:.*fork.*:DeprecationWarning", "ignore:This DataLoader will create"):
        test = pytest.mark.filterwarnings(warning)(test)
    return test


def first_batches(loader: Any, count: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
    return list(itertools.islice(iter(loader), count))


def words(batches: list[tuple[torch.Tensor, torch.Tensor]]) -> list[bytes]:
    """The samples, one by one."""
    return [row.numpy().astype(bool).tobytes() for inputs, _ in batches for row in inputs]


def loader(stream: ParityStream, workers: int, **options: Any) -> Any:
    generator = torch.Generator().manual_seed(7)
    return DataLoader(stream, batch_size=None, num_workers=workers, generator=generator, **options)


def test_batches_are_of_the_task_and_their_targets_right() -> None:
    batches = first_batches(ParityStream(TASK, 1000), 20)
    inputs = torch.cat([one for one, _ in batches])
    assert batches[0][0].shape == (1000, 63)
    assert inputs.dtype == batches[0][1].dtype == torch.float32
    np.testing.assert_array_equal(torch.cat([one for _, one in batches]), TASK.target(inputs.numpy()))
    counts = inputs[:, :3].sum(dim=0).numpy()
    assert chisquare(counts, 20_000 * TASK.frequencies.first()).pvalue > 0.01
    ones = inputs[:, 3:].mean(dim=0).numpy()
    assert np.all(np.abs(ones - 0.5) < 5 * 0.5 / np.sqrt(20_000))


@forks
def test_any_number_of_workers_gives_the_same_batches() -> None:
    one, *others = (words(first_batches(loader(ParityStream(TASK, 10), workers), 7)) for workers in (1, 2, 3))
    for other in others:
        assert one == other


@forks
@pytest.mark.parametrize(
    "options", [{"num_workers": 0}, {"num_workers": 2}, {"num_workers": 2, "persistent_workers": True}]
)
def test_no_two_workers_or_passes_see_the_same_samples(options: dict[str, Any]) -> None:
    stream = ParityStream(TASK, 10)
    loader = DataLoader(stream, batch_size=None, **options)
    seen = [word for _ in range(3) for word in words(first_batches(loader, 6))]
    seen += words(first_batches(DataLoader(stream, batch_size=None), 6))
    seen += words(first_batches(ParityStream(TASK, 10, seed=1), 6))
    assert len(seen) == 300
    assert len(set(seen)) == len(seen)  # of 2^60 strings of bits


def test_a_stream_repeats_itself_when_made_anew() -> None:
    torch.rand(3)
    assert words(first_batches(ParityStream(TASK, 10), 3)) == words(first_batches(ParityStream(TASK, 10), 3))


def test_a_training_set_is_the_same_by_number_by_slice_and_by_batch() -> None:
    data = ParityDataset(TASK, 50, seed=3)
    inputs, targets = data[:]
    assert len(data) == 50 == len(set(words([data[:]])))
    np.testing.assert_array_equal(targets, TASK.target(inputs.numpy()))
    assert torch.equal(data[7][0], inputs[7])
    assert data[7][1] == targets[7]
    for rows in ([3, 1, 4], np.array([3, 1, 4]), torch.tensor([3, 1, 4])):
        assert torch.equal(data[rows][0], inputs[[3, 1, 4]])
    with pytest.raises(IndexError):
        data[50]


def test_loaders_go_through_a_training_set_once_a_pass() -> None:
    data = ParityDataset(TASK, 50)
    wanted = sorted(words([data[:]]))
    whole = DataLoader(data, batch_size=None, sampler=BatchSampler(RandomSampler(data), 20, drop_last=False))
    rows = DataLoader(data, batch_size=20, shuffle=True)
    for loader in (whole, rows):
        batches = first_batches(loader, 9)
        assert [len(targets) for _, targets in batches] == [20, 20, 10]
        assert sorted(words(batches)) == wanted


def test_bad_input_is_refused_in_one_line() -> None:
    with pytest.raises(InputError, match="batch_size must be a whole number, 1 or more; received 0; "):
        ParityStream(TASK, 0)
    with pytest.raises(InputError, match="n_data must be a whole number, 1 or more; received 0; "):
        ParityDataset(TASK, 0)


def test_the_names_are_public() -> None:
    assert saltus.ParityStream is ParityStream
