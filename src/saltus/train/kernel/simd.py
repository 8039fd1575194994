"""One value of `BLOCK` floats for compiled code: the hidden units that the kernel handles at once.

Compiled with numba, a value of this type lies in vector registers, as many as the processor needs for it, and every
operation acts on all lanes. None of them reorders a sum: the same bits come out on any processor. Of every lane, a
`positive` mask has one bit of a 64-bit word, lane 0 the lowest.

These are compiled into their callers, whose cached machine code numba does not renew when this file alone changes:
touch `saltus/train/kernel.py` after a change here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.datamodel import models
from numba.core.datamodel.registry import register_default
from numba.extending import intrinsic

BLOCK = 64  # as many lanes as a mask has bits
COLUMNS = 16  # lane j belongs to column j % COLUMNS

_FLOATS = ir.VectorType(ir.FloatType(), BLOCK)
_COLUMN_FLOATS = ir.VectorType(ir.FloatType(), COLUMNS)
_SWITCHES = ir.VectorType(ir.IntType(1), BLOCK)

# The type that numba declares has one argument too many: the first is numba's own.
_operation: Callable[[Callable[..., Any]], Any] = intrinsic


class Lanes(types.Type):
    """The type, as numba knows it."""


@register_default(Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, front_end_type: Any) -> None:
        super().__init__(manager, front_end_type, _FLOATS)  # type: ignore[no-untyped-call]


_LANES = Lanes("Lanes")


def _address(context: Any, builder: Any, signature: Any, args: Any, vector: Any) -> Any:
    """Where element ``[row, first]`` of a C-ordered matrix lies, as the start of a vector."""
    matrix = context.make_array(signature.args[0])(context, builder, args[0])
    element = cgutils.get_item_pointer(context, builder, signature.args[0], matrix, [args[1], args[2]])
    return builder.bitcast(element, vector.as_pointer())


def _pick(builder: Any, value: Any, lanes: Any) -> Any:
    """The lanes of that number, in that order."""
    lanes = list(lanes)
    chosen = ir.Constant(ir.VectorType(ir.IntType(32), len(lanes)), lanes)
    return builder.shuffle_vector(value, ir.Constant(value.type, ir.Undefined), chosen)


@_operation
def load(_: Any, matrix: Any, row: Any, first: Any) -> Any:
    """``matrix[row, first : first + BLOCK]``; nothing checks the bounds, here and below."""

    def compiled(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load(_address(context, builder, signature, args, _FLOATS), align=4)

    return _LANES(matrix, types.intp, types.intp), compiled


@_operation
def store(_: Any, matrix: Any, row: Any, first: Any, value: Any) -> Any:
    """``matrix[row, first : first + BLOCK] = value``."""

    def compiled(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.store(args[3], _address(context, builder, signature, args, _FLOATS), align=4)
        return context.get_dummy_value()

    return types.void(matrix, types.intp, types.intp, _LANES), compiled


@_operation
def load_columns(_: Any, matrix: Any, row: Any, first: Any) -> Any:
    """``matrix[row, first : first + COLUMNS]``, every lane the value of its column."""

    def compiled(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        columns = builder.load(_address(context, builder, signature, args, _COLUMN_FLOATS), align=4)
        return _pick(builder, columns, [lane % COLUMNS for lane in range(BLOCK)])

    return _LANES(matrix, types.intp, types.intp), compiled


@_operation
def add_to_columns(_: Any, matrix: Any, row: Any, first: Any, value: Any) -> Any:
    """Add each lane to its column of ``matrix[row, first : first + COLUMNS]``."""

    def compiled(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        parts = [_pick(builder, args[3], range(lane, lane + COLUMNS)) for lane in range(0, BLOCK, COLUMNS)]
        while len(parts) > 1:
            parts = [builder.fadd(*pair) for pair in zip(parts[::2], parts[1::2], strict=True)]
        address = _address(context, builder, signature, args, _COLUMN_FLOATS)
        builder.store(builder.fadd(builder.load(address, align=4), parts[0]), address, align=4)
        return context.get_dummy_value()

    return types.void(matrix, types.intp, types.intp, _LANES), compiled


@_operation
def spread(_: Any, number: Any) -> Any:
    """The same number in all lanes."""

    def compiled(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        alone = builder.insert_element(ir.Constant(_FLOATS, ir.Undefined), args[0], ir.Constant(ir.IntType(32), 0))
        return _pick(builder, alone, [0] * BLOCK)

    return _LANES(types.float32), compiled


@_operation
def add(_: Any, a: Any, b: Any) -> Any:
    """``a + b``."""
    return _LANES(_LANES, _LANES), lambda context, builder, signature, args: builder.fadd(*args)


@_operation
def multiply(_: Any, a: Any, b: Any) -> Any:
    """``a * b``."""
    return _LANES(_LANES, _LANES), lambda context, builder, signature, args: builder.fmul(*args)


@_operation
def positive(_: Any, a: Any) -> Any:
    """The mask of the lanes in which ``a > 0``."""

    def compiled(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        switches = builder.fcmp_ordered(">", args[0], ir.Constant(_FLOATS, [0.0] * BLOCK))
        return builder.bitcast(switches, ir.IntType(BLOCK))

    return types.uint64(_LANES), compiled


@_operation
def where(_: Any, mask: Any, a: Any, b: Any) -> Any:
    """``a`` in the lanes of the mask, ``b`` in the others."""

    def compiled(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.select(builder.bitcast(args[0], _SWITCHES), args[1], args[2])

    return _LANES(types.uint64, _LANES, _LANES), compiled
