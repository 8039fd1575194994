"""The transformer: against its formulas in NumPy, finite differences, causality; and its training in one call."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("torch")

import torch

from saltus import InputError, MultitaskSparseParity, PowerLaw, Transformer, train_transformer
from saltus.train.torch.decoder import Decoder

Floats = NDArray[np.float64]
TASK = MultitaskSparseParity(PowerLaw(0.9, 2), n_bits=4, n_relevant=1, target_scale=1.0)
N_TOKENS = 6


@pytest.fixture
def network() -> Decoder:
    torch.manual_seed(0)
    made = Transformer(12, heads=3, expansion=2).module(TASK).double()
    assert isinstance(made, Decoder)
    with torch.no_grad():  # normalisations start as 1 and 0: give them something to get wrong
        for norm in (made.attention_norm, made.forward_norm):
            norm.weight.normal_(1, 0.3)
            norm.bias.normal_(0, 0.3)
    return made


def inputs(n: int, seed: int = 0) -> Floats:
    return TASK.sample(n, np.random.default_rng(seed)).inputs.astype(float)


def by_the_formulas(network: Decoder, bits: Floats, heads: int) -> Floats:
    """Every answer of one input, token by token, from the formulas of the module's docstring."""
    values = {name: parameter.detach().numpy() for name, parameter in network.named_parameters()}

    def linear(name: str, x: Floats) -> Floats:
        return np.asarray(values[f"{name}.weight"] @ x + values[f"{name}.bias"])

    def normal(name: str, x: Floats) -> Floats:
        scaled = (x - x.mean()) / np.sqrt(x.var() + 1e-5)
        return np.asarray(values[f"{name}.weight"] * scaled + values[f"{name}.bias"])

    embedded = [
        linear("embed", np.concatenate([np.eye(2)[int(bit)], np.eye(len(bits))[t]])) for t, bit in enumerate(bits)
    ]
    answers = []
    for t, x in enumerate(embedded):
        seen = [normal("attention_norm", embedded[s]) for s in range(t + 1)]
        query, keys, contents = (
            linear("query", seen[t]),
            [linear("key", s) for s in seen],
            [linear("value", s) for s in seen],
        )
        mixed = []
        for share in np.split(np.arange(len(query)), heads):
            weights = np.exp([query[share] @ key[share] / np.sqrt(len(share)) for key in keys])
            mixed.append(sum(w * content[share] for w, content in zip(weights / weights.sum(), contents, strict=True)))
        y = x + linear("merge", np.concatenate(mixed))
        y = y + linear("contract", np.maximum(linear("expand", normal("forward_norm", y)), 0))
        answers.append(linear("read", y)[0])
    return np.array(answers)


def test_it_is_the_formulas(network: Decoder) -> None:
    rows = inputs(5)
    wanted = np.array([by_the_formulas(network, row, heads=3) for row in rows])
    with torch.no_grad():
        every, last = network.answers(torch.from_numpy(rows)), network(torch.from_numpy(rows))
    np.testing.assert_allclose(every.numpy(), wanted, rtol=0, atol=1e-13)
    np.testing.assert_allclose(last.numpy(), wanted[:, -1], rtol=0, atol=1e-13)


def test_a_later_token_changes_no_earlier_answer(network: Decoder) -> None:
    rows = inputs(8)
    for changed in range(N_TOKENS):
        other = rows.copy()
        other[:, changed] = 1 - other[:, changed]
        with torch.no_grad():
            before, after = (network.answers(torch.from_numpy(bits)).numpy() for bits in (rows, other))
        np.testing.assert_array_equal(before[:, :changed], after[:, :changed])
        assert np.all(before[:, changed:] != after[:, changed:])


@pytest.mark.parametrize("name", ["embed.weight", "query.weight", "key.weight", "value.bias", "expand.weight"])
def test_gradients_are_finite_differences(network: Decoder, name: str) -> None:
    rows, step = torch.from_numpy(inputs(20)), 1e-6
    weight = dict(network.named_parameters())[name]
    network(rows).square().mean().backward()
    assert weight.grad is not None
    place = np.unravel_index(int(weight.grad.abs().argmax()), weight.shape)
    sides = []
    with torch.no_grad():
        for shift in (step, -2 * step):
            weight[place] += shift
            sides.append(network(rows).square().mean().item())
    # Central differences err by step^2 and by rounding over step, some 1e-10 of a gradient of order 0.01 to 1.
    assert (sides[0] - sides[1]) / (2 * step) == pytest.approx(weight.grad[place].item(), rel=1e-5, abs=1e-9)


def test_the_default_is_the_papers_network_and_starts_as_pytorch_does() -> None:
    torch.manual_seed(0)
    paper = Transformer().module(MultitaskSparseParity(PowerLaw(0.9, 5)))
    assert isinstance(paper, Decoder)
    assert (paper.embed.in_features, paper.embed.out_features, paper.heads) == (2 + 37, 512, 4)
    bound = 512**-0.5  # of PyTorch's uniform start
    assert 0.99 * bound < paper.query.weight.abs().max().item() <= bound


def test_one_call_trains_and_the_seed_decides_every_bit() -> None:
    def curves(workers: int) -> Floats:
        measured = train_transformer(
            TASK, steps=240, learning_rate=0.05, embedding=8, heads=2, batch_size=64, seeds=2, workers=workers,
            measure_at=[0, 60, 240], strength_samples=32,
        )  # fmt: skip
        assert measured.sizes == {"run": 2, "skill": 2, "step": 3}
        assert measured.attrs["flow_learning_rate"] == pytest.approx(2 * 0.05 / 0.1)
        return np.asarray(measured["strength"].to_numpy())

    first = curves(workers=1)
    np.testing.assert_array_equal(first, curves(workers=2))
    assert np.all(first[:, 0, -1] > 0.5)  # one relevant bit is soon learned
    assert np.all(np.abs(first[:, 0, 0]) < 0.6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"embedding": 0}, "embedding must be a whole number, 1 or more"),
        ({"embedding": 10}, "embedding must be a multiple of heads, here of 4"),
        ({"heads": 1.5}, "heads must be a whole number"),
    ],
)
def test_wrong_settings_are_refused_in_one_line(arguments: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message) as error:
        Transformer(**arguments)  # type: ignore[arg-type]
    assert "\n" not in str(error.value)
