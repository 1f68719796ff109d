"""What is looked for: each check is a statement in a `.sql` file here that finds what must not be, and must find nothing.

Above the statement its file says which truth it belongs to, in words what holds, what is counted as looked at, and
`settles` where a message under way is enough to find something for a moment.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from shared import catalogue
from shared.engine.sql import read_queries

_HERE: Final = Path(__file__).parent
_HEAD: Final = re.compile(r"-- (?:truth (?P<truth>\d): (?P<says>.+)|of: (?P<of>.+)|(?P<settles>settles))")

# What each file looks into: it is asked only where these services are.
_FILES: Final[Mapping[str, tuple[str, ...]]] = {
    "hold.sql": ("hold",),
    "checkout.sql": ("checkout",),
    "lifecycle.sql": ("lifecycle",),
    "invoicing.sql": ("invoicing",),
    "notify.sql": ("notify",),
    "payments.sql": ("payments",),
    "mails.sql": ("hold", "checkout", "notify"),
    "outside.sql": ("hold", "checkout", "payments"),
    "across.sql": ("hold", "checkout", "lifecycle", "invoicing", "payments"),
}
_ENGINE: Final = "engine.sql"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that always holds."""

    name: str
    truth: int
    says: str
    query: str
    of: str
    settles: bool


def checks(services: Collection[str]) -> list[Check]:
    """All that can be asked where these services are, in the order of the truths."""
    found = [
        check
        for file, needed in _FILES.items()
        if set(needed) <= set(services)
        for check in _read(file, file.removesuffix(".sql"), converts=_converts())
    ]
    found += [check for service in services for check in _read(_ENGINE, service, schema=service)]
    return sorted(found, key=lambda check: check.truth)


def _converts() -> str:
    return ", ".join(f"'{kind}'" for kind in catalogue.KINDS if catalogue.of(kind).converts)


def _read(file: str, room: str, **words: str) -> Iterator[Check]:
    for name, text in read_queries(_HERE / file, **words).items():
        yield _check(f"{room}.{name}", text)


def _check(name: str, text: str) -> Check:
    head = ""
    said: dict[str, str] = {}
    for head in text.splitlines():
        if not (found := _HEAD.fullmatch(head)):
            break
        said |= {key: value for key, value in found.groupdict().items() if value}
    query = text[text.index(head) :].rstrip().rstrip(";")
    return Check(name, int(said["truth"]), said["says"], query, said["of"], "settles" in said)
