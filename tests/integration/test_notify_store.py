"""notify's tables in a real PostgreSQL: what is saved is found again, and its role may do just what it needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from random import Random
from typing import Any, Final

import asyncpg
import pytest

from services.notify.rules import RULES
from services.notify.service import NOTIFY
from services.notify.state import Account, Order
from services.notify.store import NotifyStore
from shared.contracts.hold import AccountOpened
from shared.contracts.invoicing import InvoiceIssued
from shared.contracts.lifecycle import ClusterDeleted, ResourceCreated
from shared.contracts.message import Message
from shared.contracts.notify import (
    AddRecipient,
    ConfirmRecipient,
    MailRequested,
    RecipientInvited,
    SetLanguage,
)
from shared.contracts.orders import OrderCompleted
from shared.contracts.refusals import CreationRefused
from shared.engine.decision import Known
from shared.engine.migrate import migrate
from shared.engine.service import Ask
from tests.support.counting import Counting
from tests.support.seeds import seeded_random
from tests.support.stores import asked_of, connected_to
from tests.unit.notify.cases import heard

pytestmark = pytest.mark.postgres

AT: Final = datetime(2026, 3, 6, 2, 0, tzinfo=UTC)
STORE: Final = NotifyStore()
ORDERS: Final = ("o-1", "o-2", "o-3")


@pytest.fixture
async def notify(database: str) -> str:
    """The DSN of a database with notify's schema."""
    await migrate(database, [NOTIFY])
    return database


def connected(dsn: str) -> AbstractAsyncContextManager[asyncpg.Connection]:
    return connected_to(NOTIFY, dsn, NOTIFY.role)


def asked(message: Message) -> Ask:
    return asked_of(NOTIFY, message, AT)


def decided(known: Known, asks: Iterable[Ask]) -> list[Message]:
    """What the engine does between load and save."""
    said: list[Message] = []
    for ask in asks:
        decision = RULES[type(ask.message)](ask.message, known, ask.cause)
        known.apply(decision)
        for message in decision.says:
            known.next_sequence(Account, message.about)
        said += decision.says
    return said


async def run_batch(conn: asyncpg.Connection, asks: Sequence[Ask]) -> list[Message]:
    known = Known()
    async with conn.transaction():
        await STORE.load(conn, asks, known)
        said = decided(known, asks)
        await STORE.save(conn, known)
    return said


def a_life(random: Random) -> list[Ask]:
    """Orders of two accounts with all that comes of them, shuffled; in the middle of it the accounts are opened."""
    said: list[Message] = [heard(AccountOpened, account=account) for account in ("acme", "beta")]
    for order in ORDERS:
        account, done = random.choice(("acme", "beta")), random.randrange(1, 30)
        about: dict[str, Any] = {"account": account, "order": order}
        for number in range(done):
            billing = random.choice(("prepaid", "poc"))
            said.append(heard(ResourceCreated, resource=f"srv-{number}", billing=billing, **about))
            if billing == "prepaid":
                said.append(heard(InvoiceIssued, resource=f"srv-{number}", **about))
        said.append(heard(CreationRefused, resource="srv-no", **about))
        said.append(heard(OrderCompleted, done=done, failed=1, **about))
        said.append(heard(ClusterDeleted, account=account, cluster=f"k-{order}"))
    random.shuffle(said)
    return [asked(message) for message in said]


def standing(known: Known) -> list[object]:
    """Everything that is known, but for the parts of orders that are over: those are gone."""
    orders = [known.get(Order, order) for order in ORDERS]
    return [
        *(known.row(Account, account) for account in ("acme", "beta")),
        *(
            (each.id, each.account, each.told, each.ended, None if each.is_over else each.parts)
            for each in orders
            if each
        ),
    ]


async def test_rules_find_the_same_however_their_messages_are_cut_into_batches(notify: str) -> None:
    random = seeded_random()
    asks = a_life(random)
    whole = Known()
    said = decided(whole, asks)
    again: list[Message] = []
    async with connected(notify) as conn:
        start = 0
        while start < len(asks):
            size = random.choice([1, 2, 5, 40])
            again += await run_batch(conn, asks[start : start + size])
            start += size
        found = Known()
        await STORE.load(conn, asks, found)
        letters = await conn.fetch("select mail_id::text, recipient from notify.letter order by mail_id")
        mails = await conn.fetch("select mail_id::text from notify.mail")
        assert await conn.fetchval("select count(*) from notify.part") == 0
    assert again == said
    assert standing(found) == standing(whole)
    requested = [each for each in said if isinstance(each, MailRequested)]
    assert {row["mail_id"] for row in mails} == {each.mail for each in requested}
    assert sorted((each.mail, to) for each in requested for to in each.to) == [tuple(row) for row in letters]
    kinds = [each.kind for each in requested]
    assert (kinds.count("created"), kinds.count("cluster_deleted")) == (3, 3)


async def test_recipients_and_language_are_kept(notify: str) -> None:
    async with connected(notify) as conn:
        await run_batch(
            conn, [asked(heard(AccountOpened)), asked(SetLanguage(account="acme", language="en"))]
        )
        said = await run_batch(conn, [asked(AddRecipient(account="acme", email="ops@acme.example"))])
        [invited] = [each for each in said if isinstance(each, RecipientInvited)]
        confirm = ConfirmRecipient(account="acme", email=invited.email, invitation=invited.invitation)
        await run_batch(conn, [asked(confirm)])
        [mail] = await run_batch(conn, [asked(heard(ClusterDeleted))])
        assert isinstance(mail, MailRequested)
        assert (mail.to, mail.language) == (["billing@acme.example", "ops@acme.example"], "en")
        assert await conn.fetchval("select count(*) from notify.letter where mail_id = $1", mail.mail) == 2


async def test_a_batch_costs_one_statement_per_table_each_way_whatever_its_size(notify: str) -> None:
    asks = [asked(heard(ResourceCreated, resource=f"srv-{number}", order="o-1")) for number in range(50)]
    async with connected(notify) as conn:
        await run_batch(conn, [asked(heard(AccountOpened)), *asks[:10]])
        counting, known = Counting(conn), Known()
        await STORE.load(counting, asks, known)
        assert counting.statements == 3
        decided(known, asks)
        await STORE.save(counting, known)
        assert counting.statements == 5


async def test_what_another_worker_added_meanwhile_is_not_overwritten(notify: str) -> None:
    async with connected(notify) as conn:
        for message in (heard(AccountOpened), heard(ResourceCreated, order="o-1")):
            known, ask = Known(), asked(message)
            await STORE.load(conn, [ask], known)
            await run_batch(conn, [asked(message)])
            decided(known, [ask])
            with pytest.raises(asyncpg.UniqueViolationError):
                await STORE.save(conn, known)


FORBIDDEN: Final = [
    "update notify.account set account_id = 'x'",
    "delete from notify.account",
    "update notify.\"order\" set account_id = 'x'",
    'delete from notify."order"',
    "update notify.part set resource_id = 'x'",
    "update notify.mail set facts = '{}'",
    "delete from notify.mail",
    "update notify.letter set recipient = 'x'",
    "delete from notify.letter",
]


@pytest.mark.parametrize("change_of_the_past", FORBIDDEN)
async def test_what_was_asked_for_stays(notify: str, change_of_the_past: str) -> None:
    async with connected(notify) as conn:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await conn.execute(change_of_the_past)


IMPOSSIBLE: Final = {
    "an unknown language": "insert into notify.account values ('a', null, 'fr', '[]', '[]', 0)",
    "mails that wait for an owner who is known": "insert into notify.account values ('a', 'b', 'vi', '[]', '[1]', 0)",
    "told before it has ended": "insert into notify.\"order\" values ('o', 'a', null, true, false)",
    "a part of no sort": "insert into notify.part values ('o', 'other', 'r', '{}', false)",
    "a letter sent at no time": "insert into notify.letter (mail_id, recipient, state) values (gen_random_uuid(), 'a', 'sent')",
}


@pytest.mark.parametrize("statement", IMPOSSIBLE.values(), ids=IMPOSSIBLE)
async def test_the_database_refuses_what_cannot_be(notify: str, statement: str) -> None:
    async with connected(notify) as conn:
        with pytest.raises(asyncpg.CheckViolationError):
            await conn.execute(statement)
