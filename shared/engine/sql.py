"""Named SQL: a `.sql` file of statements, each under a line `-- name: verb_noun`, found by that name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

_NAME: Final = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


def read_queries(path: Path, **words: str) -> Mapping[str, str]:
    """The file's statements by name. `words` replace {braced} words, for identifiers SQL cannot take as parameters."""
    parts = _NAME.split(path.read_text())
    if parts[0].replace("--", "").strip() and not parts[0].lstrip().startswith("--"):
        raise ValueError(f"{path.name} has SQL before its first '-- name:'")
    queries: dict[str, str] = {}
    for name, text in zip(parts[1::2], parts[2::2], strict=True):
        if name in queries:
            raise ValueError(f"{path.name} names {name} twice")
        queries[name] = _filled(text.strip(), words)
    return MappingProxyType(queries)


def _filled(text: str, words: Mapping[str, str]) -> str:
    for word, value in words.items():
        text = text.replace("{" + word + "}", value)
    return text
