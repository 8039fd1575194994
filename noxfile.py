"""Checks in environments of their own: ``nox -s tests-3.13``, ``nox -s lowest no-extras``, ``nox -s docs lint``."""

from __future__ import annotations

import nox

# The classifiers are the one list of Pythons that we test.
PYTHONS = nox.project.python_versions(nox.project.load_toml("pyproject.toml"))
DEV = ("--constraint", "constraints-dev.txt", "--editable", ".[dev]")

nox.options.sessions = ["lint", f"tests-{PYTHONS[0]}", "docs"]


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """The whole suite, on the newest releases of everything."""
    session.install(*DEV)
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session(python=PYTHONS[0])
def lowest(session: nox.Session) -> None:
    """The suite on the lowest releases that pyproject.toml promises; they may warn about newer companions."""
    session.install("--constraint", "constraints-lowest.txt", "--editable", ".[dask,parquet,test]")
    session.run("python", "-m", "pytest", "-W", "default", *session.posargs)


@nox.session(name="no-extras", python=PYTHONS[0])
def no_extras(session: nox.Session) -> None:
    """The suite without any extra: what needs one is skipped and says so."""
    session.install("--editable", ".[test]")
    session.run("python", "-m", "pytest", "-rs", *session.posargs)


@nox.session(python=PYTHONS[0])
def imports(session: nox.Session) -> None:
    """The built wheel alone: every module is importable, and the command starts. For systems that run no suite."""
    session.install(".")
    walk = "import pkgutil, importlib, saltus; [importlib.import_module(m.name) for m in "
    walk += "pkgutil.walk_packages(saltus.__path__, 'saltus.') if m.name != 'saltus.__main__']"
    session.run("python", "-c", walk)
    session.run("saltus", "loss", "--alpha", "0.6", "--initial-strength", "0.01", "--time", "1e4")


@nox.session(python=PYTHONS[0])
def docs(session: nox.Session) -> None:
    """The pages; a warning is an error."""
    session.install("--editable", ".[docs]")
    session.run("python", "-m", "sphinx", "-W", "--keep-going", "-b", "html", "docs", "docs/_build/html")


@nox.session(python=PYTHONS[0])
def lint(session: nox.Session) -> None:
    """Style, types and spelling."""
    session.install(*DEV)
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")
    session.run("codespell")
