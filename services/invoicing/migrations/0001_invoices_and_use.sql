-- Documents, which are only ever added to, and the few rows that number them and say which of them still run.

-- Ids compare as bytes, everywhere alike: rows are locked in this order.
create table invoicing.account (
  account_id text collate "C" primary key,
  event_sequence bigint not null
) with (fillfactor = 70);
comment on table invoicing.account is 'One row per account that has documents. Whoever writes its documents has it locked.';
comment on column invoicing.account.event_sequence is 'The number of the last event published about the account.';

create table invoicing.month (
  account_id text collate "C" not null,
  month text collate "C" not null check (month ~ '^[0-9]{4}-[0-9]{2}$'),
  issued integer not null check (issued >= 0),
  primary key (account_id, month)
) with (fillfactor = 70);
comment on table invoicing.month is 'The invoices of an account and month, counted: the next one has the next number.';

create table invoicing.resource (
  account_id text collate "C" not null,
  resource_id text collate "C" not null,
  invoice_ids uuid[] not null,
  usage_id uuid,
  primary key (account_id, resource_id)
) with (fillfactor = 70);
comment on table invoicing.resource is 'Which documents of a resource still run.';
comment on column invoicing.resource.invoice_ids is 'Its invoices that were not closed, oldest first.';
comment on column invoicing.resource.usage_id is 'The use that goes on; null where none does.';

-- What the store writes, as one array of rows. Not the tables' own row types, so that a column can be added while
-- workers that do not know it are still writing.
create type invoicing.resource_to_save as (account_id text, resource_id text, invoice_ids uuid[], usage_id uuid);

-- No foreign keys: the account's row is locked by whoever writes here, and each check would cost a look-up per row.
create table invoicing.invoice (
  invoice_id uuid primary key,
  account_id text collate "C" not null,
  month text collate "C" not null,
  sequence integer not null check (sequence > 0),
  resource_id text collate "C" not null,
  cluster_id text,
  product text not null,
  kind text not null,
  action text not null check (action in ('create', 'convert', 'renew', 'resize', 'recover')),
  order_id text,
  money_vnd bigint not null check (money_vnd >= 0),
  carried_vnd bigint not null check (carried_vnd >= 0),
  line jsonb not null,
  issued_at timestamptz not null,
  cause_id uuid not null,
  unique (account_id, month, sequence),
  constraint amount_is_what_the_line_is_worth
    check (money_vnd + carried_vnd = (line ->> 'amount')::bigint + (line ->> 'carried')::bigint)
);
comment on table invoicing.invoice is 'Invoices. Never changed: closings and payments are documents of their own.';
comment on column invoicing.invoice.sequence is 'The number within account and month: 1, 2, 3 ... without a gap.';
comment on column invoicing.invoice.money_vnd is 'What of its amount was paid in money.';
comment on column invoicing.invoice.carried_vnd is 'What of it was paid by the unused value of the invoices it replaces.';
comment on column invoicing.invoice.line is 'Every input of the formula of its amount.';
comment on column invoicing.invoice.cause_id is 'The message that caused it.';

create table invoicing.closing (
  invoice_id uuid primary key,
  account_id text collate "C" not null,
  closed_by text not null check (closed_by in ('resize', 'delete', 'expire')),
  closed_at timestamptz not null,
  unused_minutes bigint not null check (unused_minutes >= 0),
  unused_vnd bigint not null check (unused_vnd >= 0),
  replaced_by uuid,
  order_id text,
  effective_at timestamptz not null,
  cause_id uuid not null,
  constraint replaced_by_a_resize check ((closed_by = 'resize') = (replaced_by is not null))
);
comment on table invoicing.closing is 'That what an invoice is for ended before its time: at most once. Never changed.';
comment on column invoicing.closing.closed_at is 'From this minute on it is not used.';
comment on column invoicing.closing.replaced_by is 'The invoice that took the unused value over; else it went to a wallet.';

create table invoicing.usage (
  usage_id uuid primary key,
  account_id text collate "C" not null,
  resource_id text collate "C" not null,
  cluster_id text,
  product text not null,
  kind text not null,
  flavor text not null,
  quantity integer not null check (quantity > 0),
  price_vnd bigint not null,
  per text not null check (per in ('30d', 'gb_hour')),
  starts_at timestamptz not null check (starts_at = date_trunc('minute', starts_at, 'UTC')),
  cause_id uuid not null
);
create index usage_of_account on invoicing.usage (account_id, starts_at);
comment on table invoicing.usage is 'The use of a resource in one configuration, from a minute on. Never changed.';
comment on column invoicing.usage.price_vnd is 'The price of one, per 30 days or per GB and hour.';

create table invoicing.usage_end (
  usage_id uuid primary key,
  account_id text collate "C" not null,
  until_at timestamptz not null check (until_at = date_trunc('minute', until_at, 'UTC')),
  cause_id uuid not null
);
comment on table invoicing.usage_end is 'That the use in one configuration ended: at most once. Never changed.';

create function invoicing.refuse_gap() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  broken record;
begin
  -- Each month's new numbers must be those that follow the last one before them: as many as from it to the highest.
  select added.account_id, added.month, added.first, added.last, before.last as before into broken
  from (
    select account_id, month, min(sequence) as first, max(sequence) as last, count(*) as many
    from inserted group by account_id, month
  ) as added
  cross join lateral (
    select coalesce(max(invoice.sequence), 0) as last from invoicing.invoice as invoice
    where invoice.account_id = added.account_id and invoice.month = added.month and invoice.sequence < added.first
  ) as before
  where added.first <> before.last + 1 or added.last <> before.last + added.many
  limit 1;
  if found then
    raise exception 'the invoices % to % of account % in % do not follow %',
      broken.first, broken.last, broken.account_id, broken.month, broken.before using errcode = 'check_violation';
  end if;
  return null;
end $$;

create trigger numbers_have_no_gap after insert on invoicing.invoice
referencing new table as inserted for each statement execute function invoicing.refuse_gap();

create function invoicing.refuse_change() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  raise exception 'a document is never changed: % of % refused', lower(tg_op), tg_table_name
    using errcode = 'restrict_violation';
end $$;

-- Not even by their owner.
create trigger invoices_are_never_changed before update or delete or truncate on invoicing.invoice
for each statement execute function invoicing.refuse_change();
create trigger closings_are_never_changed before update or delete or truncate on invoicing.closing
for each statement execute function invoicing.refuse_change();
create trigger usage_is_never_changed before update or delete or truncate on invoicing.usage
for each statement execute function invoicing.refuse_change();
create trigger usage_ends_are_never_changed before update or delete or truncate on invoicing.usage_end
for each statement execute function invoicing.refuse_change();

revoke all on function invoicing.refuse_gap(), invoicing.refuse_change() from public;

grant select, insert on invoicing.account, invoicing.month, invoicing.resource to stoppoc_invoicing;
grant update (event_sequence) on invoicing.account to stoppoc_invoicing;
grant update (issued) on invoicing.month to stoppoc_invoicing;
grant update (invoice_ids, usage_id) on invoicing.resource to stoppoc_invoicing;
grant select, insert on invoicing.invoice, invoicing.closing, invoicing.usage, invoicing.usage_end to stoppoc_invoicing;
