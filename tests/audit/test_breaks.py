"""What must always be true is seen to be so where it is, and each way to break it is found, with its id."""

from __future__ import annotations

import asyncpg
import pytest

from deploy.audit.checks import checks
from deploy.audit.look import ask, look
from deploy.local.postgres import Postgres
from deploy.services import SERVICES
from tests.audit.breaks import BREAKS

pytestmark = pytest.mark.postgres


async def test_nothing_is_broken_after_a_sound_life(books: str) -> None:
    found = await look(books, checks(SERVICES), 0)
    assert {one.check.name: one.breaks[:3] for one in found if one.broken} == {}


async def test_each_check_has_something_to_look_at(books: str) -> None:
    assert [one.check.name for one in await look(books, checks(SERVICES), 0) if not one.looked] == []


def test_there_is_a_way_to_break_whatever_is_checked() -> None:
    assert {check.name for check in checks(SERVICES)} == set(BREAKS)


@pytest.mark.parametrize("name", BREAKS)
async def test_what_is_broken_is_found(name: str, lived: str, postgres_server: Postgres) -> None:
    [check] = [one for one in checks(SERVICES) if one.name == name]
    conn = await asyncpg.connect(postgres_server.dsn_of(lived))
    breaking = conn.transaction()
    await breaking.start()
    try:
        # Neither a trigger nor a constraint may save it.
        await conn.execute("set local session_replication_role = replica")
        for row in await conn.fetch(_CONSTRAINTS):
            await conn.execute(f"alter table {row['relation']} drop constraint {row['conname']}")
        done = await conn.execute(BREAKS[name])
        assert int(done.split()[-1]) > 0, "there was nothing to break"
        found = await ask(conn, check)
    finally:
        await breaking.rollback()
        await conn.close()
    assert found.broken == len(found.breaks) > 0
    assert all(one.id and one.found for one in found.breaks)


async def test_money_that_counts_nowhere_is_named_until_it_is_credit(books: str) -> None:
    conn = await asyncpg.connect(books)
    try:
        booked = await conn.fetchval(
            "select reference from hold.ledger_entry where reference ~ '^momo:[0-9]+$'"
        )
        for transaction in ("4088878653", booked.removeprefix("momo:")):
            await conn.execute(_NOBODYS, transaction)
        [check] = [one for one in checks(SERVICES) if one.name.endswith("is_booked_by_hand")]
        found = await ask(conn, check)
    finally:
        await conn.close()
    assert [(one.id, "4088878653" in one.found) for one in found.breaks] == [("nobody's", True)]


async def test_an_order_that_nobody_could_be_asked_to_pay_has_no_payment(books: str) -> None:
    conn = await asyncpg.connect(books)
    try:
        [check] = [one for one in checks(SERVICES) if one.name == "outside.orders_have_one_payment"]
        broken = []
        for statement in _NOBODY_ASKED:
            assert int((await conn.execute(statement)).split()[-1]) > 0
            broken.append((await ask(conn, check)).broken)
        # Called off for another reason, it had one.
        assert broken == [0, 1, 0]
    finally:
        await conn.close()


_PAID_IN_PART = "(select order_id from payments.payment where status = 'paid' and reserved_vnd > 0)"
_NOBODY_ASKED = (
    f"""update checkout."order" set status = 'cancelled' where order_id = {_PAID_IN_PART}""",
    f"""with gone as (delete from payments.payment where order_id = {_PAID_IN_PART} returning order_id)
    update checkout.line set reason = null where order_id in (select order_id from gone)""",
    """update checkout.line set reason = 'payer_missing' where order_id in (
      select order_id from checkout."order" left join payments.payment using (order_id)
      where "order".status = 'cancelled' and payment.order_id is null and "order".pay in ('top_up', 'gateway', 'on_behalf')
    )""",
)

_NOBODYS = """
insert into payments.told values
  (gen_random_uuid(), 'nobody''s', 'momo', 'callback', 'paid', 'payment_unknown', 5000, $1, '0', '{}', now())
"""

_CONSTRAINTS = """
select conrelid::regclass::text as relation, quote_ident(conname) as conname from pg_constraint
where contype = 'c' and connamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
"""
