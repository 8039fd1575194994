"""Consoles without UTF-8 show ASCII for what they lack, and no command fails there."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

COMMANDS = ("--help", "loss --alpha 0.6", "law compute --alpha 0.6", "plan --help", "fit --help", "sweep status –α±∞")


@pytest.mark.parametrize("setting", ["PYTHONIOENCODING=ascii", "PYTHONIOENCODING=cp1252", "LC_ALL=C"])
@pytest.mark.parametrize("command", COMMANDS)
def test_every_output_can_be_written(command: str, setting: str) -> None:
    name, value = setting.split("=")
    # Without these two, Python itself would take UTF-8 in the C locale.
    environment = os.environ | {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", name: value}
    done = subprocess.run([sys.executable, "-m", "saltus", *command.split()], capture_output=True, env=environment)
    shown = done.stdout + done.stderr
    assert b"Traceback" not in shown
    assert done.returncode == (2 if "status" in command else 0), shown
    if value != "cp1252":
        assert shown.isascii()
    if "status" in command and value == "ascii":
        assert b"received '-alpha+-inf'" in shown
