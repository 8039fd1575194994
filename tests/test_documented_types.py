"""The documented Python examples type-check, as a user's script would under mypy's strict rules."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def test_documented_examples_type_check(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    pytest.importorskip("torch")
    scripts = []
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        for n, code in enumerate(re.findall(r"^```python\n(.*?)^```", text, flags=re.S | re.M), start=1):
            script = tmp_path / f"{document.stem.replace('-', '_')}_{n}.py"
            script.write_text(code, encoding="utf-8")
            scripts.append(str(script))
    assert len(scripts) >= 17  # the examples of 0.1.0
    mypy = [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml"), *scripts]
    sources = {**os.environ, "MYPYPATH": str(ROOT / "src")}
    done = subprocess.run(mypy, cwd=ROOT, env=sources, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
