-- Use is invoiced: when it ends, and when a month does; such invoices are paid afterwards.

alter table invoicing.invoice
  alter column resource_id drop not null,
  alter column product drop not null,
  alter column kind drop not null,
  alter column line drop not null,
  add column totals jsonb,
  drop constraint invoice_action_check,
  drop constraint amount_is_what_the_line_is_worth,
  add constraint invoice_action_check
    check (action in ('create', 'convert', 'renew', 'resize', 'recover', 'use', 'month')),
  add constraint amount_is_what_the_line_is_worth check (
    case when line is null then totals is not null and carried_vnd = 0
    else totals is null and money_vnd + carried_vnd = (line ->> 'amount')::bigint + (line ->> 'carried')::bigint end
  );
comment on column invoicing.invoice.line is 'Of what is paid for a period: every input of the formula of its amount.';
comment on column invoicing.invoice.totals is 'Of what is paid by its use: how much for each product. Its lines are use lines.';
comment on column invoicing.invoice.resource_id is 'Null where it is for all that an account used in a month.';
comment on column invoicing.invoice.money_vnd is 'What of its amount was, or is to be, paid in money.';

alter table invoicing.usage
  add column billing text not null default 'hold' check (billing in ('hold', 'postpaid')),
  add column parts jsonb not null default '[]';
comment on column invoicing.usage.billing is 'Paid out of what is held for it, or, postpaid, after the month.';
comment on column invoicing.usage.parts is 'Where it has several parts or a discount: the price of each.';

create table invoicing.due_use (
  usage_id uuid primary key,
  account_id text collate "C" not null,
  resource_id text collate "C" not null,
  shard smallint not null check (shard between 0 and 11),
  recorded_until timestamptz not null,
  until_at timestamptz,
  invoiced_from timestamptz
) with (fillfactor = 70);
create index due_use_by_shard on invoicing.due_use (shard, account_id);
create index due_use_by_resource on invoicing.due_use (account_id, resource_id);
comment on table invoicing.due_use is 'Use that is not all on record. Forgotten once the month in which it ended is recorded.';
comment on column invoicing.due_use.recorded_until is 'What came before is in months'' records.';
comment on column invoicing.due_use.until_at is 'When it ended; null while it goes on.';
comment on column invoicing.due_use.invoiced_from is 'What comes after is on the invoice that was made when it ended.';

create table invoicing.use_line (
  account_id text collate "C" not null,
  month text collate "C" not null check (month ~ '^[0-9]{4}-[0-9]{2}$'),
  usage_id uuid not null,
  starts_at timestamptz not null,
  until_at timestamptz not null check (until_at > starts_at),
  units bigint not null check (units >= 0),
  amount_vnd bigint not null,
  invoice_id uuid,
  cause_id uuid not null,
  primary key (account_id, month, usage_id, starts_at)
);
comment on table invoicing.use_line is 'What an interval of use costs, in the record of a month. Never changed.';
comment on column invoicing.use_line.units is 'Its minutes; or, of GB, at how many full hours it was so large.';
comment on column invoicing.use_line.amount_vnd is 'Below zero: recorded too much before the end became known.';
comment on column invoicing.use_line.invoice_id is 'Null where it cost nothing, or was given back.';

create table invoicing.month_record (
  account_id text collate "C" not null,
  month text collate "C" not null check (month ~ '^[0-9]{4}-[0-9]{2}$'),
  amount_vnd bigint not null,
  totals jsonb not null,
  lines integer not null check (lines > 0),
  invoice_id uuid,
  effective_at timestamptz not null,
  cause_id uuid not null,
  primary key (account_id, month)
);
create index month_record_by_month on invoicing.month_record (month, account_id);
comment on table invoicing.month_record is 'That the use of an account and month is on record: its lines are all there. Never changed.';

create table invoicing.payment (
  invoice_id uuid not null,
  number integer not null check (number > 0),
  account_id text collate "C" not null,
  product text,
  amount_vnd bigint not null check (amount_vnd > 0),
  from_hold_vnd bigint not null check (from_hold_vnd between 0 and amount_vnd),
  paid_by text not null check (paid_by in ('settlement', 'auto_payment', 'command')),
  effective_at timestamptz not null,
  cause_id uuid not null,
  primary key (invoice_id, number)
);
comment on table invoicing.payment is 'What was paid of an invoice after it was issued. Never changed.';
comment on column invoicing.payment.from_hold_vnd is 'What of it was held; the rest was available credit.';

create table invoicing.owed (
  invoice_id uuid primary key,
  account_id text collate "C" not null,
  shard smallint not null check (shard between 0 and 11),
  issued_at timestamptz not null,
  outstanding_vnd bigint not null check (outstanding_vnd >= 0),
  asked_by text check (asked_by in ('settlement', 'auto_payment', 'command')),
  awaited smallint not null check (awaited >= 0),
  paid_now_vnd bigint not null,
  from_hold_vnd bigint not null
) with (fillfactor = 70);
create index owed_by_shard on invoicing.owed (shard, account_id);
create index owed_by_account on invoicing.owed (account_id);
create index owed_since on invoicing.owed (issued_at) where outstanding_vnd > 0;
comment on table invoicing.owed is 'Invoices that are not paid. Forgotten once they are.';
comment on column invoicing.owed.awaited is 'How many answers of hold are missing: while there are, nothing more is asked.';

create trigger use_lines_are_never_changed before update or delete or truncate on invoicing.use_line
for each statement execute function invoicing.refuse_change();
create trigger month_records_are_never_changed before update or delete or truncate on invoicing.month_record
for each statement execute function invoicing.refuse_change();
create trigger payments_are_never_changed before update or delete or truncate on invoicing.payment
for each statement execute function invoicing.refuse_change();

grant select, insert on invoicing.use_line, invoicing.month_record, invoicing.payment to stoppoc_invoicing;
grant select, insert, delete on invoicing.due_use, invoicing.owed to stoppoc_invoicing;
grant update (recorded_until, until_at, invoiced_from) on invoicing.due_use to stoppoc_invoicing;
grant update (outstanding_vnd, asked_by, awaited, paid_now_vnd, from_hold_vnd) on invoicing.owed to stoppoc_invoicing;
