"""Modules and optimisers of PyTorch as plain arrays, without pickle, and back to the same bits."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from saltus.train.learner import State

if TYPE_CHECKING:
    import torch
    from torch import nn

_SETTINGS = "settings"  # name of the optimiser's numbers that are not tensors, as JSON


def module_state(module: nn.Module) -> State:
    """Parameters and buffers by name, copied."""
    return {name: to_array(tensor) for name, tensor in module.state_dict().items()}


def restore_module(module: nn.Module, state: Mapping[str, NDArray[Any]]) -> None:
    """Fill parameters and buffers in place.

    Raises:
        KeyError, ValueError: if it is the state of another module.
    """
    import torch

    with torch.no_grad():
        for name, tensor in module.state_dict().items():
            tensor.copy_(to_tensor(state[name], tensor))


def optimizer_state(optimizer: torch.optim.Optimizer) -> State:
    """Moments by parameter and name (``"3.exp_avg"``), copied, and the settings of each group."""
    import torch

    whole = optimizer.state_dict()
    moments = {f"{i}.{name}": value for i, entries in whole["state"].items() for name, value in entries.items()}
    tensors = {place: value for place, value in moments.items() if isinstance(value, torch.Tensor)}
    settings = {
        "state": {place: value for place, value in moments.items() if place not in tensors},
        "param_groups": [{name: _number(value) for name, value in group.items()} for group in whole["param_groups"]],
        "bfloat16": [place for place, value in tensors.items() if value.dtype == torch.bfloat16],
    }
    return {place: to_array(value) for place, value in tensors.items()} | {_SETTINGS: np.array(json.dumps(settings))}


def restore_optimizer(optimizer: torch.optim.Optimizer, state: Mapping[str, NDArray[Any]]) -> None:
    """Put an optimiser of the same parameters into a state.

    Raises:
        KeyError, ValueError: if it is the state of another optimiser.
    """
    settings = json.loads(str(state[_SETTINGS]))
    tensors = {
        place: _tensor(array, place in settings["bfloat16"]) for place, array in state.items() if place != _SETTINGS
    }
    moments: dict[int, dict[str, Any]] = {}
    for place, value in (settings["state"] | tensors).items():
        index, _, name = place.partition(".")
        moments.setdefault(int(index), {})[name] = value
    optimizer.load_state_dict({"state": moments, "param_groups": settings["param_groups"]})


def to_array(tensor: torch.Tensor) -> NDArray[Any]:
    """A copy as an array; numbers that NumPy does not know (bfloat16) as 16-bit patterns."""
    import torch

    here = tensor.detach().cpu()
    return np.array((here.view(torch.int16) if here.dtype == torch.bfloat16 else here).numpy())


def to_tensor(array: NDArray[Any], like: torch.Tensor) -> torch.Tensor:
    """The tensor that `to_array` made this array of, which must have the shape of ``like``."""
    import torch

    if array.shape != tuple(like.shape):
        raise ValueError(f"a tensor of shape {tuple(like.shape)} cannot be restored from one of shape {array.shape}")
    return _tensor(array, like.dtype == torch.bfloat16)


def _tensor(array: NDArray[Any], is_bfloat16: bool) -> torch.Tensor:
    import torch

    tensor = torch.from_numpy(array.copy())
    return tensor.view(torch.bfloat16) if is_bfloat16 else tensor


def _number(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value
