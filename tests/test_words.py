"""The part of the style rule in CONTRIBUTING.md that a machine can hold: sentences are no riddles."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src/saltus"
MODULES = sorted(SOURCE.rglob("*.py"))

RIDDLE = re.compile(r"(What|Which|Those|That|Of|As of)\b")
BANNED = re.compile(r"\b(anybody|unheard|spoilt)\b|[;,:] (what|which|those) (is|are|was|were|has|have)\b")


def sentences(path: Path) -> list[str]:
    """First lines of docstrings, and comments, without the marks around them."""
    text = path.read_text(encoding="utf-8")
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = (node for node in ast.walk(ast.parse(text)) if isinstance(node, kinds))
    first_lines = [doc.splitlines()[0] for node in nodes if (doc := ast.get_docstring(node))]
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return first_lines + [token.string.lstrip("# ") for token in tokens if token.type == tokenize.COMMENT]


@pytest.mark.parametrize("path", MODULES, ids=[str(path.relative_to(SOURCE)) for path in MODULES])
def test_sentences_start_with_a_noun_or_an_imperative(path: Path) -> None:
    assert [one for one in sentences(path) if RIDDLE.match(one) or BANNED.search(one)] == []


def test_comments_of_numbers_say_their_role() -> None:
    dangling = re.compile(r"^[^#\n]*=[^#\n]*\d[^#\n]*# (of|that|which)\b", re.M)
    assert {p.name: found for p in MODULES if (found := dangling.findall(p.read_text(encoding="utf-8")))} == {}
