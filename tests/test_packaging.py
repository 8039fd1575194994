"""What a stranger installs and checks: one version, bounds that were tried, sessions that exist."""

from __future__ import annotations

import ast
import re
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

import saltus

ROOT = Path(__file__).parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def pythons() -> list[str]:
    found = (re.fullmatch(r"Programming Language :: Python :: (3\.\d+)", line) for line in PROJECT["classifiers"])
    return [match[1] for match in found if match]


def test_there_is_one_version() -> None:
    (cited,) = re.findall(r"^version: (.*)$", text("CITATION.cff"), re.M)
    assert PROJECT["version"] == cited == version("saltus") == saltus.__version__
    assert "version = release = installed_version(" in text("docs/conf.py")


def test_the_changelog_tells_of_this_version() -> None:
    heads = re.findall(r"^## (.*)$", text("CHANGELOG.md"), re.M)
    assert heads[0] in ("Unreleased", PROJECT["version"])
    assert PROJECT["version"] in heads


def test_no_python_above_the_lowest_is_refused() -> None:
    lowest = pythons()[0]
    assert PROJECT["requires-python"] == f">={lowest}"
    assert f"sys.version_info < ({lowest.replace('.', ', ')})" in text("Makefile")
    assert f"Python {lowest} or newer" in " ".join(text("README.md").split())


def test_the_lowest_releases_that_are_tried_are_those_promised() -> None:
    extras = PROJECT["optional-dependencies"]
    promised = [*PROJECT["dependencies"], *extras["dask"], *extras["parquet"]]
    bounds = [re.fullmatch(r"([\w-]+)(?:\[\w+\])?>=([\w.]+)", line) for line in promised]
    assert None not in bounds, "every dependency has a lower bound and no upper one"
    tried = [line for line in text("constraints-lowest.txt").splitlines() if not line.startswith("#")]
    assert tried == [f"{bound[1]}=={bound[2]}" for bound in bounds if bound]
    assert extras["torch"] == ["torch>=2.6"], "the reason in constraints-lowest.txt names this release"


def sessions() -> set[str]:
    """Names that ``nox -s`` takes, by the decorators of noxfile.py; nox need not be installed."""
    found = set()
    for node in ast.parse(text("noxfile.py")).body:
        if isinstance(node, ast.FunctionDef):
            options = {
                k.arg: k.value for call in node.decorator_list if isinstance(call, ast.Call) for k in call.keywords
            }
            name = ast.literal_eval(options["name"]) if "name" in options else node.name
            found.add(name)
            if isinstance(options.get("python"), ast.Name):  # the whole list
                found |= {f"{name}-{python}" for python in pythons()}
    return found


def test_the_sessions_of_the_guide_are_there() -> None:
    assert {"tests", "lowest", "no-extras", "docs", "lint"} <= sessions()


@pytest.mark.parametrize("document", ["CONTRIBUTING.md", "noxfile.py", "constraints-lowest.txt"])
def test_every_session_that_is_named_exists(document: str) -> None:
    named = [name for names in re.findall(r"\bnox -s ([a-z][a-z0-9. -]*)", text(document)) for name in names.split()]
    assert named
    assert [name for name in named if name not in sessions()] == []


def test_the_workflow_calls_nox_for_every_session() -> None:
    workflow = text(".github/workflows/ci.yml")
    listed, alone = re.findall(r"^ +session: \[(.*)\]$", workflow, re.M), re.findall(r"session: ([\w-]+) }", workflow)
    assert set(listed[0].split(", ")) | set(alone) | {"tests"} == sessions()
    steps = re.findall(r"^ +- run: (.*)$", workflow, re.M)
    assert steps == ["python -m pip install nox", "nox -s ${{ matrix.session }}"]
