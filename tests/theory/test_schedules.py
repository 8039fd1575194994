"""Schedules against PyTorch's own, against formulas by hand, and as texts."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saltus import InputError
from saltus.theory.schedules import read_schedule

UPDATES = np.arange(130)


def by_pytorch(make: Any) -> list[float]:
    """Rates that a scheduler of PyTorch gives to the updates, of a peak of 1."""
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler, rates = make(torch.optim.lr_scheduler, optimizer), []
    for _ in UPDATES:
        rates.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        scheduler.step()
    return rates


@pytest.mark.parametrize(
    ("text", "make", "last"),
    [
        ("cosine:steps=100,floor=0.1", lambda kinds, o: kinds.CosineAnnealingLR(o, 100, eta_min=0.1), 100),
        ("linear:steps=100,floor=0.2", lambda kinds, o: kinds.LinearLR(o, 1.0, 0.2, total_iters=100), 130),
        ("restarts:every=40", lambda kinds, o: kinds.CosineAnnealingWarmRestarts(o, 40), 130),
        ("steps:every=30,factor=0.1", lambda kinds, o: kinds.StepLR(o, 30, gamma=0.1), 130),
        ("constant", lambda kinds, o: kinds.ConstantLR(o, 1.0), 130),
    ],
)
def test_shares_are_those_of_pytorch(text: str, make: Any, last: int) -> None:
    # CosineAnnealingLR rises again after its end, where ours stays.
    np.testing.assert_allclose(read_schedule(text).share(UPDATES)[:last], by_pytorch(make)[:last], atol=1e-12)


def test_warm_up_comes_before_every_kind() -> None:
    for text in ("constant", "cosine:steps=100", "linear:steps=100", "steps:every=50", "restarts:every=50"):
        between = "," if ":" in text else ":"
        share = read_schedule(f"{text}{between}warmup=20").share(UPDATES)
        np.testing.assert_allclose(share[:20], np.arange(20) / 20)
        assert share[20] == 1.0


def test_warm_up_stable_decay() -> None:
    share = read_schedule("wsd:warmup=10,steps=100,decay=40,floor=0.2").share(UPDATES)
    assert share[10:61].tolist() == [1.0] * 51
    np.testing.assert_allclose(share[60:101], np.linspace(1.0, 0.2, 41))
    assert share[100:].tolist() == pytest.approx([0.2] * 30)
    assert (
        str(read_schedule("wsd:steps=101"))
        == str(read_schedule("wsd", steps=101))
        == ("wsd:decay=21,floor=0,steps=101,warmup=0")
    )


def test_inverse_square_root_meets_its_warm_up() -> None:
    share = read_schedule("inverse-sqrt:warmup=16").share(UPDATES)
    np.testing.assert_allclose(share[16:], [math.sqrt(16 / i) for i in range(16, 130)])


@given(
    kind=st.sampled_from(["cosine", "linear", "wsd", "constant", "inverse-sqrt", "restarts", "steps"]),
    warmup=st.integers(0, 50),
    steps=st.integers(80, 1000),
    floor=st.floats(0, 1),
)
def test_shares_lie_from_0_to_1_and_the_text_is_read_again(kind: str, warmup: int, steps: int, floor: float) -> None:
    length = {"cosine": f"steps={steps}", "linear": f"steps={steps}", "wsd": f"steps={steps},decay=20"}
    own = length.get(kind, f"every={steps}" if kind in ("restarts", "steps") else "")
    bottom = f"floor={floor!r}" if kind in ("cosine", "linear", "wsd", "restarts") else ""
    schedule = read_schedule(f"{kind}:warmup={warmup},{own},{bottom}")
    share = schedule.share(np.arange(2 * steps))
    assert ((share >= 0) & (share <= 1)).all()
    again = read_schedule(str(schedule))
    assert (again.kind, again.parameters) == (schedule.kind, schedule.parameters)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("cosin", "a schedule must be one of constant, cosine, linear, wsd, steps, restarts, inverse-sqrt; received"),
        ("cosine", "this schedule must say steps; received 'cosine'; e.g. cosine:steps=20000"),
        ("wsd", "this schedule must say"),
        ("cosine:steps=ten", "steps of a schedule must be a number; received 'steps=ten'; e.g. steps=500"),
        ("cosine:length=9", "cosine must have each of floor, steps, warmup once; received 'length=9'; mend it"),
        ("cosine:steps=9,steps=8", "cosine must have each of floor, steps, warmup once; received 'steps=8'; mend it"),
        ("cosine:steps=9,floor=2", "floor of a schedule must lie from 0 to 1; received 2.0; give a share of the peak"),
        ("steps:every=0", "every of a schedule must be a number of updates; received 0.0; give 1 or more"),
        ("cosine:steps=inf", "steps of a schedule must be a number of updates; received inf; give 1 or more"),
        ("cosine:warmup=-1,steps=9", "warmup of a schedule must be a number of updates; received -1.0; give 1 or"),
        ("linear:warmup=10,steps=9", "a schedule must be longer than its warm-up and decay; received 'linear:warm"),
    ],
)
def test_bad_texts_are_refused_in_one_line(text: str, line: str) -> None:
    with pytest.raises(InputError, match="^" + re.escape(line)):
        read_schedule(text)
