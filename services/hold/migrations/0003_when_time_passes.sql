-- What is metered is held for day by day, invoices are settled, and POC wallets end.

alter table hold.ledger_entry drop constraint ledger_entry_kind_check;
alter table hold.ledger_entry add constraint ledger_entry_kind_check check (
  kind in ('deposit', 'charge', 'refund', 'settle', 'payment', 'poc_grant', 'poc_charge', 'poc_refund', 'poc_expiry')
);

-- With defaults: a worker that does not know these columns may still open accounts meanwhile, and grant POC money.
alter table hold.account
  add column shard smallint not null default 0 check (shard between 0 and 11),
  add column poc_told_until timestamptz,
  add column poc_ended boolean not null default false,
  add column poc_next_at timestamptz;
comment on column hold.account.shard is 'Which share of all accounts it belongs to, for work that goes through all of them.';
comment on column hold.account.poc_told_until is 'Up to when what falls due of the POC wallet has happened.';
comment on column hold.account.poc_ended is 'Whether the POC wallet has ended: it pays nothing any more.';
comment on column hold.account.poc_next_at is 'When something falls due of the POC wallet: a warning, or its end.';

-- CRC-32, as workers reckon the share of an account.
do $$
declare
  one record;
  crc bigint;
begin
  for one in select account_id from hold.account loop
    crc := 4294967295;
    for byte in 0 .. octet_length(convert_to(one.account_id, 'UTF8')) - 1 loop
      crc := crc # get_byte(convert_to(one.account_id, 'UTF8'), byte);
      for bit in 1 .. 8 loop
        crc := case crc & 1 when 1 then (crc >> 1) # 3988292384 else crc >> 1 end;
      end loop;
    end loop;
    update hold.account set shard = (crc # 4294967295) % 12 where account_id = one.account_id;
  end loop;
end $$;
update hold.account set poc_next_at = poc_until where poc_until is not null;

create index account_that_holds on hold.account (shard, account_id) where product_holds > 0;
create index account_poc_due on hold.account (shard, poc_next_at) where poc_next_at is not null;

create type hold.account_in_time_to_save as (
  account_id text,
  mode text,
  email text,
  credit_total_vnd bigint,
  credit_held_vnd bigint,
  poc_until timestamptz,
  poc_granted_vnd bigint,
  poc_spent_vnd bigint,
  poc_refunded_vnd bigint,
  poc_expired_vnd bigint,
  ledger_sequence bigint,
  product_holds smallint,
  event_sequence bigint,
  shard smallint,
  poc_told_until timestamptz,
  poc_ended boolean,
  poc_next_at timestamptz
);

alter table hold.product_hold
  add column reserved_vnd bigint not null default 0 check (reserved_vnd >= 0),
  add column debt_days smallint not null default 0 check (debt_days >= 0),
  add column counted_until timestamptz,
  add column closed_until timestamptz;
comment on column hold.product_hold.actual_vnd is 'Its use up to counted_until, since it was last settled: what its meters have counted.';
comment on column hold.product_hold.estimate_vnd is 'What the next days cost as it is configured now, and what is in reserve for orders.';
comment on column hold.product_hold.reserved_vnd is 'The part of the estimate that is in reserve for orders not carried out yet.';
comment on column hold.product_hold.debt_days is 'How many days in a row have ended in debt.';
comment on column hold.product_hold.closed_until is 'The end of the last day that was counted, or when it began to be needed.';
-- What was held before had no meters: all of it is in reserve.
update hold.product_hold set reserved_vnd = estimate_vnd;

alter table hold.order_hold
  add column taken_vnd bigint not null default 0 check (taken_vnd >= 0),
  add constraint no_more_is_taken_than_was_held check (released_vnd + taken_vnd <= amount_vnd);
comment on column hold.order_hold.taken_vnd is 'How much of it is held for the resources it brought instead.';

create table hold.meter (
  account_id text collate "C" not null,
  product text collate "C" not null,
  resource_id text collate "C" not null,
  kind text not null,
  since_at timestamptz not null,
  vnd bigint,
  quantity int,
  per text check (per in ('30d', 'gb_hour')),
  parts jsonb not null default '[]',
  closed jsonb not null default '[]',
  primary key (account_id, product, resource_id),
  constraint a_rate_is_whole check (num_nulls(vnd, quantity, per) in (0, 3))
) with (fillfactor = 80);
comment on table hold.meter is 'What each metered resource has cost since it was last settled. Forgotten once it is over, and all of it is settled.';
comment on column hold.meter.since_at is 'From when on it costs what it costs now; without a price: when its use ended.';
comment on column hold.meter.closed is 'What configurations that are over have cost: [month, VND], by month.';

create type hold.meter_to_save as (
  account_id text,
  product text,
  resource_id text,
  kind text,
  since_at timestamptz,
  vnd bigint,
  quantity int,
  per text,
  parts jsonb,
  closed jsonb
);

create table hold.payment (
  account_id text collate "C" not null,
  payment_id text collate "C" not null,
  invoice_id text collate "C" not null,
  product text collate "C",
  amount_vnd bigint not null check (amount_vnd >= 0),
  paid_vnd bigint not null check (paid_vnd between 0 and amount_vnd),
  from_hold_vnd bigint not null check (from_hold_vnd between 0 and paid_vnd),
  primary key (account_id, payment_id)
);
comment on table hold.payment is 'What was paid of invoices, once each: of use that was settled, or out of available credit.';
comment on column hold.payment.product is 'Whose use was settled; null where available credit was asked for.';

grant update (poc_told_until, poc_ended, poc_next_at) on hold.account to stoppoc_hold;
grant update (reserved_vnd, debt_days, counted_until, closed_until) on hold.product_hold to stoppoc_hold;
grant update (taken_vnd) on hold.order_hold to stoppoc_hold;
grant select, insert, delete on hold.meter to stoppoc_hold;
grant update (kind, since_at, vnd, quantity, per, parts, closed) on hold.meter to stoppoc_hold;
grant select, insert on hold.payment to stoppoc_hold;
