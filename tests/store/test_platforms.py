"""Every module can be imported where there is no POSIX: a stand-in for Windows, whose modules and names are missing."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src"

# Ours alone must do without: other packages have wheels of their own for each system.
WITHOUT_POSIX = """
import builtins, importlib, os, pkgutil, signal, sys

ABSENT = {"fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "posix", "syslog"}
NAMES = {
    os: ["register_at_fork", "fork", "sched_getaffinity", "getuid", "geteuid", "getpgid", "killpg", "setsid", "pread",
         "pwrite", "statvfs", "O_DIRECTORY", "O_NOFOLLOW", "O_CLOEXEC", "O_NONBLOCK", "getloadavg", "sysconf", "uname"],
    signal: ["SIGHUP", "SIGKILL", "SIGUSR1", "SIGALRM", "alarm", "pthread_sigmask", "setitimer", "sigwait"],
}
original, tried = builtins.__import__, set()

def ours():
    return sys._getframe(2).f_globals.get("__name__", "").partition(".")[0] == "saltus"

def guarded(name, *args, **kwargs):
    if name in ABSENT and ours():
        raise ImportError(f"no module named {name} on this system")
    return original(name, *args, **kwargs)

for each in ("numpy", "scipy", "numba", "torch", "xarray", "matplotlib", "tyro", "rich", "pydantic", "portalocker"):
    importlib.import_module(each)
for module, names in NAMES.items():
    for name in names:
        vars(module).pop(name, None)
builtins.__import__ = guarded
import saltus
for found in pkgutil.walk_packages(saltus.__path__, "saltus."):
    if not found.name.endswith("__main__"):
        importlib.import_module(found.name)
        tried.add(found.name)
from saltus.train.job import available_processors
assert available_processors() >= 1
print(*sorted(tried))
"""


def test_every_module_is_imported_without_posix() -> None:
    pytest.importorskip("torch")
    done = subprocess.run([sys.executable, "-c", WITHOUT_POSIX], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    modules = {
        ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
        for path in (SOURCE / "saltus").rglob("*.py")
        if path.stem != "__main__"
    }
    assert set(done.stdout.split()) == modules - {"saltus"}


@pytest.mark.parametrize("broken", ["import fcntl", "import os; os.register_at_fork(before=print)"])
def test_the_stand_in_sees_what_windows_lacks(broken: str) -> None:
    pytest.importorskip("torch")
    code = WITHOUT_POSIX.replace("import saltus\n", f"import types\nexec({broken!r}, {{'__name__': 'saltus.x'}})\n", 1)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.returncode == 1
    assert "ImportError" in done.stderr or "AttributeError" in done.stderr


def names_an_encoding_if_it_must(call: ast.Call) -> bool:
    """Whether a call that reads or writes text says how it is encoded."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    modes = [one.value for one in call.args if isinstance(one, ast.Constant) and one.value in ("r", "w", "x", "a")]
    of_path = isinstance(call.func, ast.Attribute) and getattr(call.func.value, "id", "") != "files"
    must = (name in ("read_text", "write_text") and of_path) or (name in ("open", "fdopen") and modes)
    return not must or any(keyword.arg == "encoding" for keyword in call.keywords)


def test_text_is_read_and_written_as_utf_8_whatever_the_system_prefers() -> None:
    for careless in ("p.read_text()", "p.write_text(x)", "p.open('w', newline='')", "open(p, 'r')"):
        assert not names_an_encoding_if_it_must(ast.parse(careless).body[0].value)  # type: ignore[attr-defined]
    for path in (SOURCE / "saltus").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            assert not isinstance(node, ast.Call) or names_an_encoding_if_it_must(node), f"{path}:{node.lineno}"
