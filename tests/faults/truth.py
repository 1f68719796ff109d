"""What must be true when all is answered, whoever died meanwhile: asked of the database and of the topics, and compared
with the books a test kept by itself. Each finding says what differs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any, Final, Protocol

from tests.faults.scene import Scene
from tests.faults.stream import Answer, Stream
from tests.faults.topic import COMMANDS, EVENTS, LETTERS, STATE, Heard
from tests.support.seeds import SEED

_MOST_TOLD: Final = 12

_ACCOUNTS: Final = """
select account_id, mode, email, credit_total_vnd as credit, credit_held_vnd as held, poc_until, poc_granted_vnd as granted,
  poc_granted_vnd - poc_spent_vnd + poc_refunded_vnd - poc_expired_vnd as poc_left, ledger_sequence, event_sequence
from hold.account where account_id = any($1)
"""
_LEDGER: Final = """
select account_id, array_agg(distinct sequence order by sequence) as numbers,
  coalesce(array_agg(reference) filter (where reference is not null), '{}') as payments,
  coalesce(sum(amount_vnd) filter (where book = 'credit'), 0) as credit,
  coalesce(sum(amount_vnd) filter (where book = 'poc'), 0) as poc_left
from hold.ledger_entry where account_id = any($1) group by account_id
"""
# Of everything, not only of this test's accounts: each must find nothing.
_NEVER: Final = {
    "the ledger does not sum to zero": "select sum(amount_vnd) from hold.ledger_entry having sum(amount_vnd) <> 0",
    "a transaction does not sum to zero": """
      select account_id, sequence from hold.ledger_entry group by account_id, sequence having sum(amount_vnd) <> 0""",
    "a balance is not what came before it and its line": """
      select account_id, sequence from (
        select *, lag(balance_after_vnd, 1, 0::bigint) over (partition by account_id, book order by sequence) as before
        from hold.ledger_entry where balance_after_vnd is not null
      ) as line where before + amount_vnd <> balance_after_vnd""",
    "the outbox holds something": "select lane, position from hold.outbox",
    "something is parked": "select key, error from hold.parked",
}


class Place(Protocol):
    """Where it happened: what was asked there, which account a job paid, and what the database says."""

    stream: Stream
    wages: str

    async def rows(self, query: str, *args: object) -> list[Any]: ...


async def check(scene: Scene, unreadable: Iterable[str] = ()) -> None:
    """Fails with all that is not as it must be; the records with the ids of `unreadable` must be dead letters."""
    await scene.settled()
    heard = {topic: scene.topics.read(topic, since) for topic, since in scene.since.items()}
    found = await findings(scene, heard, unreadable)
    told = "\n".join([*found[:_MOST_TOLD], *(["..."] if len(found) > _MOST_TOLD else [])])
    assert not found, f"{len(found)} things are wrong, STOPPOC_SEED={SEED}\n{told}\n{scene.story()}"


async def findings(
    place: Place, heard: Mapping[str, Sequence[Heard]], unreadable: Iterable[str] = ()
) -> list[str]:
    """All that is not as it must be, once everything is settled."""
    events, state = once(heard[EVENTS]), once(heard[STATE])
    asked = {one.id for one in heard[COMMANDS]} - set(unreadable)
    return [
        *answers(place.stream, events, asked, place.wages),
        *in_order(events, state),
        *letters(heard[LETTERS], {one.id for one in heard[COMMANDS]}, unreadable),
        *await _books(place, events, heard[STATE]),
        *await _nevers(place),
        *await _inbox(place, asked),
    ]


def once(heard: Sequence[Heard]) -> list[Heard]:
    """As a receiver takes them: the first of each id. A copy that says something else counts as another message."""
    first: dict[tuple[str, bytes], Heard] = {}
    for one in heard:
        first.setdefault((one.id, one.value), one)
    return list(first.values())


def answers(stream: Stream, events: Sequence[Heard], asked: set[str], wages: str) -> Iterator[str]:
    """Every command has its one answer, and it is the right one; nothing else is answered."""
    got = defaultdict(list)
    for event in events:
        got[event.headers["ce_causationid"]].append(event)
    for id_ in asked | got.keys():
        said = [_said(event) for event in got[id_]]
        right = stream.answers.get(id_)
        if right is None and id_ in asked and {event.key for event in got[id_]} == {wages}:
            right = said[0]
        if said != [right]:
            yield f"{id_} was answered {said}, not [{right}]"


def _said(event: Heard) -> Answer:
    body = event.body
    money = body["credit"]["total"] if "credit" in body else body["poc"]["granted"] if "poc" in body else None
    return Answer(event.name, body.get("reason"), money)


def in_order(events: Sequence[Heard], state: Sequence[Heard]) -> Iterator[str]:
    """What is said of one key is numbered in the order in which it is found; events 1 to n without a gap. A snapshot may
    be said again (docs/decisions/0005), under the same number."""
    for key, numbers in _numbers(events).items():
        if numbers != list(range(1, len(numbers) + 1)):
            yield f"events of {key} are numbered {_around(numbers)}"
    for key, numbers in _numbers(state).items():
        if numbers != sorted(numbers):
            yield f"snapshots of {key} are numbered {_around(numbers)}"


def _numbers(heard: Sequence[Heard]) -> dict[str, list[int]]:
    numbers = defaultdict(list)
    for one in heard:
        if one.sequence is not None:
            numbers[one.key].append(one.sequence)
    return numbers


def _around(numbers: list[int]) -> str:
    """The first of them that does not follow the one before, with its neighbours."""
    steps = zip_longest(numbers, numbers[1:], fillvalue=0)
    at = next((n for n, (here, after) in enumerate(steps) if after != here + 1), 0)
    return f"..., {', '.join(map(str, numbers[max(0, at - 2) : at + 5]))}, ... ({len(numbers)} of them)"


def letters(heard: Sequence[Heard], sent: set[str], unreadable: Iterable[str]) -> Iterator[str]:
    """Exactly those that could not be read are dead letters, each as often as it was met. A broker that was away may
    have a group read again what was sent long before: that has its letters already, and gets copies of them."""
    if (got := {one.id for one in heard} & sent) != set(unreadable):
        yield f"the dead letters are {sorted(got)}, not {sorted(unreadable)}"


async def _books(place: Place, events: Sequence[Heard], state: Sequence[Heard]) -> list[str]:
    names = list(place.stream.books) + [place.wages] * bool(place.wages)
    rows = {row["account_id"]: row for row in await place.rows(_ACCOUNTS, names)}
    ledger = {row["account_id"]: row for row in await place.rows(_LEDGER, names)}
    # What compaction keeps: the last of each key, copy or not.
    snapshots = {one.key: one.body for one in state}
    numbers = _numbers(events)
    strays = rows.keys() ^ set(names) | snapshots.keys() ^ set(names)
    return [f"{name} is not both in the books and on the state topic" for name in sorted(strays)] + [
        f"{name}: {what} {found!r}, not {right!r}"
        for name in set(names) - strays
        for what, found, right in (
            *_as_asked(place.stream, rows[name], ledger.get(name)),
            *_in_itself(rows[name], ledger.get(name), snapshots[name], numbers[name]),
        )
        if found != right
    ]


Compared = tuple[str, object, object]


def _as_asked(stream: Stream, row: Any, ledger: Any) -> Iterator[Compared]:
    """The account is as the commands should have made it."""
    if (books := stream.books.get(row["account_id"])) is None:
        return
    yield "mode and address", (row["mode"], row["email"]), (books.mode, books.email)
    yield "credit", row["credit"], books.credit
    yield "granted", (row["granted"], row["poc_until"]), (books.granted, books.until)
    yield "payments", sorted(ledger["payments"] if ledger else []), sorted(books.payments)


def _in_itself(row: Any, ledger: Any, snapshot: dict[str, Any], numbers: list[int]) -> Iterator[Compared]:
    """Its balances are its entries', its last snapshot is how it stands, its numbers have no gap."""
    entries = (ledger["credit"], ledger["poc_left"], ledger["numbers"]) if ledger else (0, 0, [])
    yield "ledger", entries, (row["credit"], row["poc_left"], list(range(1, row["ledger_sequence"] + 1)))
    poc = snapshot["poc"] or {"granted": 0, "balance": 0}
    stated = (
        snapshot["mode"],
        snapshot["email"],
        snapshot["credit"]["total"],
        poc["granted"],
        poc["balance"],
    )
    stands = (row["mode"], row["email"], row["credit"], row["granted"], row["poc_left"])
    yield "snapshot", stated, stands
    yield "last event", max(numbers), row["event_sequence"]


async def _nevers(place: Place) -> list[str]:
    found = {what: await place.rows(query) for what, query in _NEVER.items()}
    return [f"{what}: {rows[:3]}" for what, rows in found.items() if rows]


async def _inbox(place: Place, asked: set[str]) -> list[str]:
    """The inbox holds every message of this test; that it holds each once is its primary key."""
    query = "select message_id::text from hold.inbox where message_id = any($1::uuid[])"
    missing = asked - {row["message_id"] for row in await place.rows(query, list(asked))}
    return [f"the inbox lacks {sorted(missing)[:3]} and {len(missing)} in all"] if missing else []
