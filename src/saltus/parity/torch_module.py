"""PyTorch modules as functions of samples. A measurement leaves the module and PyTorch's settings as they were."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np

from saltus._types import Floats
from saltus.errors import InputError
from saltus.parity.batch import WORD_BITS, Batch

if TYPE_CHECKING:
    import torch
    from torch import nn

AT_A_TIME = 4096  # inputs that a module gets at once: bounds its memory


def require_torch() -> None:
    """Raise `InputError` unless PyTorch can be imported."""
    try:
        import torch  # noqa: F401
    except ImportError as error:
        raise InputError("this needs PyTorch", str(error), "pip install 'saltus[torch]'") from error


def is_module(function: Any) -> TypeGuard[nn.Module]:
    """Whether it is an ``nn.Module``; PyTorch is not imported to find out."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(function, torch.nn.Module)


def home_of(module: nn.Module) -> tuple[torch.device, torch.dtype]:
    """Device and dtype for the module's inputs: those of its first floating-point parameter or buffer."""
    import torch

    for tensor in itertools.chain(module.parameters(), module.buffers()):
        if tensor.is_floating_point():
            return tensor.device, tensor.dtype
    return torch.device("cpu"), torch.float32


def inputs_of(batch: Batch, device: torch.device, dtype: torch.dtype) -> torch.Tensor:
    """`Batch.inputs` as a tensor, unpacked on the device: a sample travels there as a few words."""
    import torch

    skills = torch.from_numpy(batch.skills).to(device) - 1
    words = torch.from_numpy(batch.bits.view(np.int64)).to(device)
    rows = torch.zeros(len(batch), batch.n_skills + batch.n_bits, device=device, dtype=dtype)
    rows.scatter_(1, skills[:, None], 1.0)
    position = torch.arange(batch.n_bits, device=device)
    rows[:, batch.n_skills :] = (words[:, position // WORD_BITS] >> position % WORD_BITS) & 1
    return rows


def scalar_outputs(module: Any, inputs: torch.Tensor) -> torch.Tensor:
    """One number an input, shape ``(n,)``.

    Raises:
        InputError: if the module returns another shape than ``(n,)`` or ``(n, 1)``.
    """
    values = module(inputs)
    if tuple(values.shape) not in ((len(inputs),), (len(inputs), 1)):
        rule = f"the module must return one number an input, shape ({len(inputs)},)"
        raise InputError(rule, tuple(values.shape), "wrap it so that it returns the scalar output of the network")
    result: torch.Tensor = values.reshape(len(inputs))
    return result


def values_of(module: nn.Module, batch: Batch, at_a_time: int = AT_A_TIME) -> Floats:
    """The module's answer to each sample in evaluation mode, shape ``(n,)``."""
    import torch

    home = home_of(module)
    with _looked_at(module), torch.no_grad():
        parts = [
            scalar_outputs(module, inputs_of(batch[first : first + at_a_time], *home))
            for first in range(0, len(batch), at_a_time)
        ]
        return np.asarray(torch.cat(parts).double().cpu().numpy())


@contextmanager
def _looked_at(module: nn.Module) -> Iterator[None]:
    """Put the module into evaluation mode for the block, and each of its parts back into its own mode afterwards."""
    modes = {part: part.training for part in module.modules()}
    module.eval()
    try:
        yield
    finally:
        for part, training in modes.items():
            part.training = training
