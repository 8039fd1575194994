"""PyTorch's random state, which belongs to the whole process: borrowed, and given back as it was."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

RandomState = list["torch.Tensor"]  # the processor's, then the device's if it has one of its own

_BORROWED = threading.RLock()  # two borrowers at once would give back each other's


@contextmanager
def borrowed_random_state(device: torch.device) -> Iterator[None]:
    """Let modules on the device draw random numbers, and put the user's generators back afterwards."""
    with _BORROWED:
        before = random_state(device)
        try:
            yield
        finally:
            set_random_state(device, before)


def random_state(device: torch.device) -> RandomState:
    """The state of the generators that modules on the device draw from."""
    import torch

    of_device = [] if device.type == "cpu" else [_own(device).get_rng_state(*_named(device))]
    return [torch.get_rng_state(), *of_device]


def set_random_state(device: torch.device, state: RandomState) -> None:
    """Put the generators into a `random_state`."""
    import torch

    torch.set_rng_state(state[0])
    for own in state[1:]:
        _own(device).set_rng_state(own, *_named(device))


def seeded_random_state(device: torch.device, seed: int) -> RandomState:
    """The state that these generators have after ``seed``; the generators themselves are not touched."""
    import torch

    of_device = [] if device.type == "cpu" else [device]
    return [torch.Generator(where).manual_seed(seed).get_state() for where in (torch.device("cpu"), *of_device)]


def _own(device: torch.device) -> Any:
    import torch

    return torch.get_device_module(device)


def _named(device: torch.device) -> tuple[torch.device, ...]:
    # MPS is a single device; its random functions take no device argument.
    return () if device.type == "mps" else (device,)
