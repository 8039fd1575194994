"""Public names are a promise: they exist, are documented, keep their parameters, and importing them costs nothing."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import re
import subprocess
import sys
import typing
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import pytest

import saltus

ROOT = Path(__file__).parents[1]
PROMISED = json.loads((ROOT / "tests/data/saltus-0.1.0/public-names.json").read_text())


def needs_torch(name: str) -> None:
    """Skip where PyTorch is missing and the name, or a type beside it, is of PyTorch."""
    networks = {"Architecture", "GatedPerceptron", "NetworkTraining", "Perceptron", "Transformer"}
    if name in networks | {"ParityDataset", "ParityStream", "SkillRecorder", "skill_strengths"}:
        pytest.importorskip("torch")


@pytest.mark.parametrize("name", saltus.__all__)
def test_every_public_name_exists_and_says_what_it_is(name: str) -> None:
    needs_torch(name)
    value = getattr(saltus, name)
    assert value.__doc__


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'saltus' has no attribute 'leap'"):
        _ = saltus.leap


def test_type_checkers_see_the_names_that_are_loaded() -> None:
    tree = ast.parse(Path(saltus.__file__).read_text())
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    seen = [
        (alias.name, alias.asname, node.module)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    ]
    loaded = [(name, name, module) for name, module in saltus._HOME_OF.items()]
    assert sorted(seen) == sorted(loaded)


def test_every_public_name_is_documented_and_nothing_else_is() -> None:
    page = (ROOT / "docs/api.md").read_text()
    documented = re.findall(r"^\.\. auto(?:class|function|data|exception):: (\S+)", page, re.M)
    assert sorted(documented) == sorted(f"saltus.{name}" for name in saltus.__all__ if name != "__version__")


# Defaults that a later version changed, as its change log says; callers who give the value see no change.
CHANGED_DEFAULTS = {("assess", "on_skill"): "None"}  # all risen skills inform a forecast, where 0.1.0 took the first


@pytest.mark.parametrize("name", [name for name, promise in PROMISED.items() if promise])
def test_names_of_0_1_0_keep_their_parameters_and_members(name: str) -> None:
    needs_torch(name)
    value, promise = getattr(saltus, name), PROMISED[name]
    assert set(promise.get("members", [])) <= set(dir(value))
    if promise["parameters"] is None:  # an exception with the signature of its base
        return
    promised = [tuple(one) for one in promise["parameters"]]
    if any(kind == "VAR_KEYWORD" for _, kind, _ in promised):  # 0.1.0 hid these parameters behind (*args, **kwargs)
        return
    have = {one.name: one for one in inspect.signature(value).parameters.values()}
    by_place = [one for one, kind, _ in promised if kind == "POSITIONAL_OR_KEYWORD"]
    for place, (parameter, kind, default) in enumerate(promised):
        now = have.pop(parameter)
        assert now.kind.name == kind, parameter
        expected = CHANGED_DEFAULTS.get((name, parameter), default)
        assert (None if now.default is inspect.Parameter.empty else repr(now.default)) == expected, parameter
        assert kind == "KEYWORD_ONLY" or list(inspect.signature(value).parameters)[place] == by_place[place]
    assert all(added.default is not inspect.Parameter.empty for added in have.values())


# Classes that public methods hand to the machinery which drives a training, a sweep or a fit, not to users.
INNER = {
    "Course",
    "FixedSamples",
    "MLP",
    "TorchLearner",
    "Measurements",
    "Plan",
    "SizeForm",
    "ShotsForm",
    "NodesForm",
    "Scale",
    "Prior",
}


@pytest.mark.parametrize("name", [name for name in saltus.__all__ if name != "__version__"])
def test_classes_in_public_signatures_and_results_are_public(name: str) -> None:
    needs_torch(name)
    for found in annotated(getattr(saltus, name)):
        if found.__name__ not in INNER:
            assert getattr(saltus, found.__name__, None) is found, f"{name} takes or returns {found}"


def test_inner_classes_are_still_met() -> None:
    pytest.importorskip("torch")
    met = {
        found.__name__ for name in saltus.__all__ if name != "__version__" for found in annotated(getattr(saltus, name))
    }
    assert met >= INNER


def annotated(value: Any) -> set[type]:
    """Classes of ours in the annotations of a function, or of the public fields, properties and methods of a class."""
    if isinstance(value, FunctionType):
        return set(_classes_in(value.__module__, value.__qualname__))
    if not isinstance(value, type):
        return set()
    ours = [one for one in value.__mro__ if one.__module__.startswith("saltus.")]
    return {found for one in ours for found in _classes_in(one.__module__, one.__qualname__)}


def _classes_in(module: str, name: str) -> Iterator[type]:
    (definition,) = (node for node in _tree(module).body if getattr(node, "name", None) == name)
    for annotation in _annotations(definition):
        for node in ast.walk(annotation):
            if isinstance(node, ast.Name):
                yield from _ours(_resolved(module, node.id))


def _annotations(node: ast.AST) -> Iterator[ast.expr]:
    if isinstance(node, ast.FunctionDef):
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        yield from (one.annotation for one in arguments if one.annotation is not None)
        if node.returns is not None:
            yield node.returns
    elif isinstance(node, ast.AnnAssign) and not getattr(node.target, "id", "_").startswith("_"):
        yield node.annotation
    elif isinstance(node, ast.ClassDef):
        for inner in node.body:
            inner_name = getattr(inner, "name", "")
            if not inner_name.startswith("_") or inner_name in ("__init__", "__call__"):
                yield from _annotations(inner)


@cache
def _tree(module: str) -> ast.Module:
    return ast.parse(Path(str(importlib.import_module(module).__file__)).read_text())


def _resolved(module: str, name: str) -> Any:
    """The value of a name in a module, imports for type checkers included."""
    found = getattr(importlib.import_module(module), name, None)
    if found is None:
        for node in ast.walk(_tree(module)):
            if isinstance(node, ast.ImportFrom) and name in {alias.name for alias in node.names}:
                found = getattr(importlib.import_module(str(node.module)), name)
    return found


def _ours(value: Any) -> Iterator[type]:
    if isinstance(value, type) and value.__module__.startswith("saltus"):
        yield value
    elif not isinstance(value, ModuleType):
        for part in typing.get_args(value):
            yield from _ours(part)


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = "import sys, saltus; sys.exit(bool({'numpy', 'scipy', 'numba', 'xarray', 'matplotlib'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_theory_needs_numpy_and_scipy_alone() -> None:
    code = (
        "import sys, pkgutil, importlib, saltus.theory\n"
        "for module in pkgutil.walk_packages(saltus.theory.__path__, 'saltus.theory.'):\n"
        "    importlib.import_module(module.name)\n"
        "heavy = {'numba', 'xarray', 'pandas', 'matplotlib', 'rich', 'tyro', 'torch'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
