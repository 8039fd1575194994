"""Choosing runs by their settings: comparisons of names and numbers, with and, or, not, in. Nothing is executed."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

from saltus.errors import InputError

_ADVICE = "write comparisons such as: alpha == 0.6 and width >= 100"
_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda left, right: left in right,
    ast.NotIn: lambda left, right: left not in right,
}


class Condition:
    """A condition on a run's settings, such as ``alpha == 0.6 and width in [100, 200]``.

    Raises:
        InputError: if the text is anything but comparisons of names, numbers and texts.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        try:
            self._tree = ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError) as error:
            raise InputError("where must be a condition", text, _ADVICE) from error

    def holds(self, settings: Mapping[str, Any]) -> bool:
        """Whether it holds for a run with these settings.

        Raises:
            InputError: if it asks for a setting that does not exist, or compares a number with a text.
        """
        try:
            return bool(self._value(self._tree, settings))
        except TypeError as error:
            raise InputError("where must compare like with like", self._text, _ADVICE) from error

    def _value(self, node: ast.expr, settings: Mapping[str, Any]) -> Any:
        match node:
            case ast.BoolOp(op=ast.And(), values=parts):
                return all(self._value(part, settings) for part in parts)
            case ast.BoolOp(values=parts):
                return any(self._value(part, settings) for part in parts)
            case ast.UnaryOp(op=ast.Not(), operand=part):
                return not self._value(part, settings)
            case ast.UnaryOp(op=ast.USub(), operand=part):
                return -self._value(part, settings)
            case ast.Compare():
                return self._compare(node, settings)
            case ast.Constant(value=value):
                return value
            case ast.List(elts=parts) | ast.Tuple(elts=parts):
                return [self._value(part, settings) for part in parts]
            case ast.Name(id=name) if name in settings:
                return settings[name]
            case ast.Name(id=name):
                raise InputError(
                    "where must name settings of the runs", name, f"known are {', '.join(sorted(settings))}"
                )
        raise InputError("where must be made of comparisons, and, or, not, in", self._text, _ADVICE)

    def _compare(self, node: ast.Compare, settings: Mapping[str, Any]) -> bool:
        operands = [self._value(part, settings) for part in (node.left, *node.comparators)]
        for kind, left, right in zip(node.ops, operands, operands[1:], strict=False):
            if type(kind) not in _COMPARISONS:
                raise InputError("where must be made of comparisons, and, or, not, in", self._text, _ADVICE)
            if not _COMPARISONS[type(kind)](left, right):
                return False
        return True
