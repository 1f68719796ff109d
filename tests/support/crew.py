"""A service of the tests' own with a job: every member of a crew is paid once for each day that is over.

The members are paid in slices. A sick one cannot be, until somebody mends the rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import new_class
from typing import Any, Final

import asyncpg

from shared.calendar import DAYS
from shared.contracts.jobs import JobSlice
from shared.contracts.message import Command, Event, Id, Instant
from shared.contracts.registry import Registry
from shared.engine import slices
from shared.engine.decision import Cause, Decision, Entity, Known, changed, said, sliced
from shared.engine.service import Ask, Connection, Job, Service
from shared.engine.sql import read_queries
from shared.shards import shard_of

_SQL: Final = read_queries(Path(__file__).with_name("crew_queries.sql"))


class PayDay(JobSlice):
    """Pays a share of the crew."""


class Greet(Command):
    """Greets a member."""

    member: Id


class Greeted(Event):
    """A member was greeted."""

    member: Id
    effective_at: Instant


class Paid(Event):
    """A member was paid."""

    member: Id
    day: str
    effective_at: Instant


@dataclass(frozen=True, slots=True)
class Member:
    """The days one was paid for, in order."""

    key: str
    paid: tuple[str, ...] = ()


class CrewStore:
    """Members, and nothing else."""

    def __init__(self, pay: type[JobSlice]) -> None:
        self._pay = pay

    async def load(self, conn: Connection, asks: Sequence[Ask], known: Known) -> None:
        """Those of the slices, and those who are greeted."""
        keys = await slices.find(conn, _SQL["find_members"], asks, self._pay, known)
        await self.lock(conn, Member, [*keys, *{ask.key for ask in asks}], known)

    async def lock(self, conn: Connection, kind: type[Entity], keys: Sequence[str], known: Known) -> None:
        """The members of these names, locked."""
        for row in await conn.fetch(_SQL["lock_members"], keys):
            known.put(Member(row["member"], tuple(row["paid"])))

    async def save(self, conn: Connection, known: Known) -> None:
        """What each was paid for."""
        rows = [(member.key, " ".join(member.paid)) for member, _ in known.changed(Member)]
        if rows:
            await conn.execute(_SQL["save_members"], *(list(column) for column in zip(*rows, strict=True)))


def _named(base: type[Any], service: str, key: str) -> type[Any]:
    return new_class(
        base.__name__, (base,), {"service": service, "key": key}, lambda body: body.update(__doc__=base.__doc__)
    )  # fmt: skip


class Crew:
    """One crew: its messages, its rules, its job."""

    mended = False

    def __init__(self, name: str) -> None:
        self.name = name
        self.PayDay = _named(PayDay, name, "shard")
        self.Greet = _named(Greet, name, "member")
        self.Greeted = _named(Greeted, name, "member")
        self.Paid = _named(Paid, name, "member")
        self.service = Service(
            name=name,
            registry=Registry((self.PayDay, self.Greet, self.Greeted, self.Paid)),
            rules={self.PayDay: self.pay, self.Greet: self.greet},
            aggregates=(),
            snapshots={},
            store=CrewStore(self.PayDay),
            migrations=Path(__file__).with_name("crew_migrations"),
            jobs=(Job("pay_day", DAYS, self.PayDay),),
        )

    def pay(self, ask: PayDay, known: Known, cause: Cause) -> Decision:
        """Pays each of the slice. Nobody looks whether he was paid for that day before."""
        members = [known.get(Member, key) for key in sliced(known, cause)]
        paid = [self._paid(member, ask.period) for member in members if member is not None]
        says = [self.Paid(member=one.key, day=ask.period, effective_at=cause.at) for one in paid]
        return changed(*paid, says=says)

    def greet(self, ask: Greet, _known: Known, cause: Cause) -> Decision:
        """Any other message about a member."""
        return said(self.Greeted(member=ask.member, effective_at=cause.at))

    def _paid(self, member: Member, day: str) -> Member:
        if member.key.startswith("sick") and not self.mended:
            raise ValueError(f"{member.key} is sick")
        return replace(member, paid=(*member.paid, day))


async def hire(sql: asyncpg.Connection, members: Iterable[str]) -> None:
    """New members."""
    rows = [(member, shard_of(member)) for member in members]
    await sql.executemany("insert into member (member, shard) values ($1, $2)", rows)


async def payroll(sql: asyncpg.Connection) -> dict[str, list[str]]:
    """What each was paid for."""
    return {row["member"]: row["paid"] for row in await sql.fetch("select member, paid from member")}
