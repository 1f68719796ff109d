"""The letters that are to be sent: who sends them takes some, and says of each what became of it.

What is taken by one is taken by nobody else until it is said what became of it, or the time for that is over.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from shared.contracts.notify import Facts, Language, MailKind
from shared.engine.service import Connection
from shared.engine.sql import read_queries

_SQL: Final = read_queries(Path(__file__).with_name("postbox.sql"))

# What servers say is kept for people; they say more than is read.
_MOST_ANSWER_CHARACTERS: Final = 200

End = Literal["sent", "refused", "given_up"]


class Claimed(NamedTuple):
    """A letter to be sent by who holds it."""

    mail: str
    recipient: str
    account: str
    kind: MailKind
    language: Language
    facts: Facts
    at: datetime
    attempts: int
    age: timedelta


class Listed(NamedTuple):
    """A letter as an operator sees it."""

    mail: str
    recipient: str
    account: str
    kind: str
    language: str
    state: str
    attempts: int
    asked_at: datetime
    due_at: datetime
    ended_at: datetime | None
    answer: str | None


async def claim(conn: Connection, most: int, held_for: timedelta) -> list[Claimed]:
    """So many letters that are due, held for so long."""
    rows = await conn.fetch(_SQL["claim_letters"], most, held_for)
    return [Claimed(**{**row, "facts": Facts.model_validate_json(row["facts"])}) for row in rows]


async def end(conn: Connection, letter: Claimed, how: End, answer: str) -> None:
    """It waits no more."""
    await conn.execute(_SQL["end_letter"], letter.mail, letter.recipient, how, _kept(answer))


async def delay(conn: Connection, letter: Claimed, pause: timedelta, answer: str) -> None:
    """It is tried again after the pause."""
    await conn.execute(_SQL["delay_letter"], letter.mail, letter.recipient, pause, _kept(answer))


async def put_back(conn: Connection, letters: Sequence[Claimed]) -> None:
    """They were not tried, and are due again at once."""
    if letters:
        mails, recipients = zip(*((each.mail, each.recipient) for each in letters), strict=True)
        await conn.execute(_SQL["return_letters"], mails, recipients)


async def waiting(conn: Connection) -> int:
    """How many letters are still to be sent."""
    number: int = await conn.fetchval(_SQL["count_waiting"])
    return number


async def prune(conn: Connection, older_than: timedelta) -> int:
    """How many mails were taken away: those of which nothing happened since then, and nothing waits. The service itself may
    not do it."""
    done: str = await conn.execute(_SQL["prune_mails"], older_than)
    return int(done.rpartition(" ")[2])


async def letters(
    conn: Connection, account: str | None = None, state: str | None = None, most: int = 100
) -> list[Listed]:
    """The latest letters."""
    rows: list[Any] = await conn.fetch(_SQL["list_letters"], account, state, most)
    return [Listed(**row) for row in rows]


def _kept(answer: str) -> str:
    return "".join(char if char.isprintable() else " " for char in answer)[:_MOST_ANSWER_CHARACTERS]
