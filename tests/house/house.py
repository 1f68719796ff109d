"""The house as the rules of the house see it: committed files, and what the Python ones are made of."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]


@dataclass(frozen=True)
class Source:
    """One Python file."""

    path: str
    text: str
    tree: ast.Module

    def imports(self) -> Iterator[str]:
        """The modules it imports."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield node.module or ""

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        """All its functions and methods."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node


@cache
def committed() -> tuple[str, ...]:
    """All files under version control that are here."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return tuple(name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file())


@cache
def sources(*rooms: str) -> tuple[Source, ...]:
    """The Python files of these rooms; of all, where none is named."""
    found = []
    for name in committed():
        if name.endswith(".py") and (not rooms or name.startswith(rooms)):
            text = (ROOT / name).read_text()
            found.append(Source(name, text, ast.parse(text, name)))
    return tuple(found)
