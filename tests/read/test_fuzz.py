"""A short run of the fuzz of all readers: every damaged file is read, or refused in one line."""

from __future__ import annotations

import importlib.util
import resource
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks/fuzz_readers.py"


@pytest.fixture(scope="module")
def fuzz() -> Iterator[ModuleType]:
    """The script as a module; bounds that it sets on the process are lifted afterwards."""
    spec = importlib.util.spec_from_file_location("fuzz_readers", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["fuzz_readers"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    bound, handler = resource.getrlimit(resource.RLIMIT_AS), signal.getsignal(signal.SIGPROF)
    # Other tests have taken address space already, and no clock decides here.
    memory = resource.RLIM_INFINITY if bound[1] == resource.RLIM_INFINITY else bound[1]
    vars(module).update(MEMORY=memory, SECONDS=0)
    yield module
    resource.setrlimit(resource.RLIMIT_AS, bound)
    signal.signal(signal.SIGPROF, handler)


def test_damaged_files_of_every_format_are_read_or_refused_in_one_line(fuzz: ModuleType) -> None:
    found = fuzz.run(range(150), seed=2)
    assert {outcome for _, outcome in found} <= {"read", "refused"}, found
    assert sum(count for (_, outcome), count in found.items() if outcome == "read") > 10


def test_a_case_is_found_again_by_its_number(fuzz: ModuleType, tmp_path: Path) -> None:
    made = fuzz.samples()
    first = fuzz.one_case(17, 3, tmp_path, made)
    files = {path: path.read_bytes() for path in (tmp_path / "case").rglob("*") if path.is_file()}
    assert fuzz.one_case(17, 3, tmp_path, made) == first
    assert files == {path: path.read_bytes() for path in (tmp_path / "case").rglob("*") if path.is_file()}
