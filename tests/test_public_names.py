"""The public names are a promise: they exist, and importing the package costs nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

import saltus


@pytest.mark.parametrize("name", saltus.__all__)
def test_every_public_name_exists_and_says_what_it_is(name: str) -> None:
    if name in ("ParityDataset", "ParityStream"):
        pytest.importorskip("torch")
    value = getattr(saltus, name)
    assert value.__doc__


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'saltus' has no attribute 'leap'"):
        _ = saltus.leap


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
