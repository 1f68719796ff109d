"""What the state topics tell beside what the database has: read from its beginning, a topic must end where things stand.

Things are loaded by their service's own store, without its locks, in a transaction that can change nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import asyncpg
from pydantic import ValidationError

from deploy.audit.look import Break
from deploy.audit.said import texts
from shared.contracts.message import State
from shared.engine.decision import Entity, Known
from shared.engine.intake import StoredRecord
from shared.engine.service import Service
from shared.engine.sql import read_queries

_SQL: Final = read_queries(Path(__file__).with_name("keys.sql"))
_AT_ONCE: Final = 2000
_LOCKS: Final = re.compile(r"\bfor (no key )?update( of [\w, .]+)?( skip locked)?\b")


class _WithoutLocks:
    """A connection on which stores load as ever, but lock nothing."""

    def __init__(self, conn: asyncpg.Connection) -> None:
        self._conn = conn

    async def fetch(self, query: str, *args: object) -> list[Mapping[str, Any]]:
        return list(await self._conn.fetch(_LOCKS.sub("", query), *args))

    async def fetchval(self, query: str, *args: object) -> Any:
        return await self._conn.fetchval(_LOCKS.sub("", query), *args)

    async def execute(self, query: str, *args: object) -> str:
        return str(await self._conn.execute(query, *args))

    async def copy_records_to_table(self, table: str, **_rest: object) -> str:
        raise AssertionError(f"what only looks writes nothing, so not {table}")


@dataclass(slots=True)
class Standing:
    """The last that was told of each thing of one service."""

    service: Service
    told: dict[tuple[str, str], tuple[int, bytes]] = field(default_factory=dict)

    def state(self, record: StoredRecord) -> None:
        """A record on its state topic. What was said again under an earlier number is not the last."""
        headers = texts(record.headers)
        name = (headers.get("ce_type", ""), (record.key or b"").decode())
        number = int(headers.get("ce_sequence", "0"))
        if record.value is None:
            self.told.pop(name, None)
        elif name not in self.told or self.told[name][0] <= number:
            self.told[name] = (number, record.value)

    async def differing(self, conn: asyncpg.Connection) -> list[Break]:
        """Everything that stands otherwise than was told of it, under an id that ends with what was told last."""
        found: list[Break] = []
        for kind, (model, tell) in self.service.snapshots.items():
            keys = [
                row["key"] for row in await conn.fetch(_SQL[f"{self.service.name}_{model.__name__}".lower()])
            ]
            told = {key for type_, key in self.told if type_ == model.type}
            found += [
                Break(f"{model.__name__}/{key}@0", "was told of and is not there") for key in told - set(keys)
            ]
            for start in range(0, len(keys), _AT_ONCE):
                known, some = Known(), keys[start : start + _AT_ONCE]
                await self.service.store.lock(_WithoutLocks(conn), kind, some, known)
                found += self._compared(model, tell, [known.get(kind, key) for key in some])
        return found

    def _compared(self, model: type[State], tell: Any, entities: Sequence[Entity | None]) -> Iterator[Break]:
        for entity in entities:
            assert entity is not None, "it was there in the same transaction"
            stands: State = tell(entity)
            number, value = self.told.get((model.type, stands.key), (0, b""))
            if stands.to_json().encode() != value and not _same(model, stands, value):
                words = value.decode(errors="replace")[:300] if value else "nothing"
                yield Break(
                    f"{model.__name__}/{entity.key}@{number}",
                    f"told: {words}; stands: {stands.to_json()[:300]}",
                )


def _same(model: type[State], stands: State, value: bytes) -> bool:
    # Told by an earlier version, it may lack what has a default now.
    try:
        return bool(value) and model.model_validate_json(value) == stands
    except ValidationError:
        return False
