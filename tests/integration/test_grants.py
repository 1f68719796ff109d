"""What the role of hold's workers may do in the database: exactly what is listed here, and nothing by way of
others. Whoever grants more changes this list, and is seen doing it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import asyncpg
import pytest

from services.hold.service import HOLD
from shared.engine.migrate import migrate

pytestmark = pytest.mark.postgres

FIGURES: Final = {
    *("credit_total_vnd", "credit_held_vnd"),
    *("poc_until", "poc_granted_vnd", "poc_spent_vnd", "poc_refunded_vnd", "poc_expired_vnd"),
    *("ledger_sequence", "product_holds", "event_sequence"),
    *("poc_told_until", "poc_ended", "poc_next_at"),
}
HOLD_FIGURES: Final = {
    *("actual_vnd", "estimate_vnd", "held_vnd", "debt_vnd", "reserved_vnd"),
    *("debt_days", "counted_until", "closed_until"),
}
METER_FIGURES: Final = {"kind", "since_at", "vnd", "quantity", "per", "parts", "closed"}

LISTED: Final = {
    "SELECT INSERT on hold.account",
    *(f"UPDATE ({figure}) on hold.account" for figure in FIGURES),
    "SELECT INSERT on hold.ledger_entry",
    "SELECT INSERT on hold.charge",
    "UPDATE (given_back_vnd) on hold.charge",
    "SELECT INSERT on hold.order_hold",
    "UPDATE (released_vnd) on hold.order_hold",
    "UPDATE (taken_vnd) on hold.order_hold",
    "SELECT INSERT DELETE on hold.meter",
    *(f"UPDATE ({figure}) on hold.meter" for figure in METER_FIGURES),
    "SELECT INSERT on hold.payment",
    "SELECT INSERT on hold.reserve",
    "UPDATE (left_vnd) on hold.reserve",
    "SELECT INSERT on hold.product_hold",
    *(f"UPDATE ({figure}) on hold.product_hold" for figure in HOLD_FIGURES),
    "SELECT INSERT DELETE on hold.inbox",
    "SELECT INSERT UPDATE DELETE on hold.outbox",
    "SELECT on hold.outbox_message",
    "SELECT INSERT UPDATE DELETE on hold.parked",
    "SELECT INSERT UPDATE on hold.job_progress",
    "USAGE on schema hold",
    "USAGE on schema public",  # PostgreSQL's own default, for everybody; there is nothing in it
}

# What the role can do, whoever it has it from: itself, everybody (public), a role it is in, or being the owner.
QUERY: Final = """
with relation as (
  select c.oid, format('%s.%s', n.nspname, c.relname) as name, c.relkind
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
), held as (
  select format('%s on %s', string_agg(p, ' ' order by nr), name)
  from relation, unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER'])
    with ordinality as privilege (p, nr)
  where relkind in ('r', 'p', 'v', 'm', 'f') and has_table_privilege($1, oid, p) group by name
  union all
  select format('%s (%s) on %s', p, a.attname, name)
  from relation join pg_attribute a on attrelid = oid and attnum > 0 and not attisdropped,
    unnest(array['SELECT', 'INSERT', 'UPDATE', 'REFERENCES']) as p
  where relkind in ('r', 'p', 'v', 'm', 'f')
    and has_column_privilege($1, oid, attnum, p) and not has_table_privilege($1, oid, p)
  union all
  select format('%s on sequence %s', p, name) from relation, unnest(array['USAGE', 'SELECT', 'UPDATE']) as p
  where relkind = 'S' and has_sequence_privilege($1, oid, p)
  union all
  select format('EXECUTE on function %s', f.oid::regprocedure)
  from pg_proc f join pg_namespace n on n.oid = f.pronamespace
  where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and has_function_privilege($1, f.oid, 'EXECUTE')
  union all
  select format('%s on schema %s', p, nspname) from pg_namespace, unnest(array['USAGE', 'CREATE']) as p
  where nspname !~ '^pg_' and nspname <> 'information_schema' and has_schema_privilege($1, oid, p)
  union all
  select format('CREATE on database') where has_database_privilege($1, current_database(), 'CREATE')
  union all
  select format('member of %s', r.rolname)
  from pg_auth_members m join pg_roles r on r.oid = m.roleid join pg_roles w on w.oid = m.member where w.rolname = $1
  union all
  select format('owner of %s', name) from relation join pg_class c using (oid) join pg_roles w on w.oid = c.relowner
  where w.rolname = $1
  union all
  select 'more than a plain role' from pg_roles
  where rolname = $1 and (rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls or rolcanlogin)
)
select * from held
"""


async def privileges(conn: asyncpg.Connection) -> set[str]:
    return {row[0] for row in await conn.fetch(QUERY, HOLD.role)}


@pytest.fixture
async def owner(database: str) -> AsyncIterator[asyncpg.Connection]:
    """Connected as the owner of hold's schema; beside it another service's."""
    await migrate(database, [HOLD])
    conn = await asyncpg.connect(database)
    try:
        await conn.execute("create schema other create table secret (secret text)")
        yield conn
    finally:
        await conn.close()


async def test_the_role_of_hold_may_do_what_is_listed_and_nothing_else(owner: asyncpg.Connection) -> None:
    assert await privileges(owner) == LISTED


async def test_the_ledger_can_be_read_and_added_to_and_nothing_else(owner: asyncpg.Connection) -> None:
    about_ledger = {privilege for privilege in await privileges(owner) if "ledger_entry" in privilege}
    assert about_ledger == {"SELECT INSERT on hold.ledger_entry"}


MORE: Final = {
    "grant update on hold.ledger_entry to stoppoc_hold": "SELECT INSERT UPDATE on hold.ledger_entry",
    "grant delete on hold.ledger_entry to public": "SELECT INSERT DELETE on hold.ledger_entry",
    "grant update (amount_vnd) on hold.ledger_entry to stoppoc_hold": "UPDATE (amount_vnd) on hold.ledger_entry",
    "grant update (mode) on hold.account to public": "UPDATE (mode) on hold.account",
    "grant usage on sequence hold.outbox_position_seq to stoppoc_hold": "USAGE on sequence hold.outbox_position_seq",
    "grant execute on function hold.refuse_change to public": "EXECUTE on function hold.refuse_change()",
    "grant create on schema hold to stoppoc_hold": "CREATE on schema hold",
    "grant usage on schema other to public": "USAGE on schema other",
    "grant select on other.secret to stoppoc_hold": "SELECT on other.secret",
    "grant pg_read_all_settings to stoppoc_hold": "member of pg_read_all_settings",
    "alter table hold.account owner to stoppoc_hold": "owner of hold.account",
    "alter role stoppoc_hold bypassrls": "more than a plain role",
    "create table hold.new (); grant select on hold.new to stoppoc_hold": "SELECT on hold.new",
}


@pytest.mark.parametrize("grant", MORE)
async def test_whatever_is_granted_beyond_the_list_is_seen(owner: asyncpg.Connection, grant: str) -> None:
    transaction = owner.transaction()
    await transaction.start()
    await owner.execute(grant)
    seen = await privileges(owner) - LISTED
    await transaction.rollback()  # roles belong to the whole server, not to this database
    assert MORE[grant] in seen
