-- What hold reads and writes: one statement per table and batch.

-- name: lock_accounts
select account_id, mode, email, credit_total_vnd, credit_held_vnd,
  poc_until, poc_granted_vnd, poc_spent_vnd, poc_refunded_vnd, poc_expired_vnd, ledger_sequence, product_holds,
  event_sequence, poc_told_until, poc_ended
from hold.account
where account_id = any($1::text[])
order by account_id
for update;

-- name: find_deposits
-- One look into the index for each, whatever the planner believes of the ledger's size: a join might read all of it.
select asked.account_id, asked.reference
from unnest($1::text[], $2::text[]) as asked (account_id, reference)
cross join lateral (
  select from hold.ledger_entry as entry
  where entry.account_id = asked.account_id and entry.reference = asked.reference and entry.kind = 'deposit'
  limit 1
) as counted;

-- name: find_product_holds
select account_id, product, actual_vnd, estimate_vnd, held_vnd, reserved_vnd, debt_days, counted_until, closed_until
from hold.product_hold
where account_id = any($1::text[])
order by account_id, product;

-- name: find_charges
select charge.account_id, charge.order_id, wallet, amount_vnd, given_back_vnd
from unnest($1::text[], $2::text[]) as asked (account_id, order_id)
cross join lateral (
  select * from hold.charge where account_id = asked.account_id and order_id = asked.order_id limit 1
) as charge;

-- name: find_order_holds
select order_hold.account_id, order_hold.order_id, order_hold.product, amount_vnd, released_vnd, taken_vnd
from unnest($1::text[], $2::text[], $3::text[]) as asked (account_id, order_id, product)
cross join lateral (
  select * from hold.order_hold
  where account_id = asked.account_id and order_id = asked.order_id and product = asked.product limit 1
) as order_hold;

-- name: add_accounts
-- Refused where another worker has opened one meanwhile: to update it would undo what was booked since.
insert into hold.account (
  account_id, mode, email, credit_total_vnd, credit_held_vnd,
  poc_until, poc_granted_vnd, poc_spent_vnd, poc_refunded_vnd, poc_expired_vnd, ledger_sequence, product_holds,
  event_sequence, shard, poc_told_until, poc_ended, poc_next_at
)
select * from unnest($1::hold.account_in_time_to_save[]);

-- name: save_accounts
insert into hold.account (
  account_id, mode, email, credit_total_vnd, credit_held_vnd,
  poc_until, poc_granted_vnd, poc_spent_vnd, poc_refunded_vnd, poc_expired_vnd, ledger_sequence, product_holds,
  event_sequence, shard, poc_told_until, poc_ended, poc_next_at
)
select * from unnest($1::hold.account_in_time_to_save[])
on conflict (account_id) do update set
  credit_total_vnd = excluded.credit_total_vnd,
  credit_held_vnd = excluded.credit_held_vnd,
  poc_until = excluded.poc_until,
  poc_granted_vnd = excluded.poc_granted_vnd,
  poc_spent_vnd = excluded.poc_spent_vnd,
  poc_refunded_vnd = excluded.poc_refunded_vnd,
  poc_expired_vnd = excluded.poc_expired_vnd,
  ledger_sequence = excluded.ledger_sequence,
  product_holds = excluded.product_holds,
  event_sequence = excluded.event_sequence,
  poc_told_until = excluded.poc_told_until,
  poc_ended = excluded.poc_ended,
  poc_next_at = excluded.poc_next_at;

-- name: save_product_holds
insert into hold.product_hold (
  account_id, product, actual_vnd, estimate_vnd, held_vnd, debt_vnd, reserved_vnd, debt_days, counted_until, closed_until
)
select * from unnest(
  $1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::smallint[],
  $9::timestamptz[], $10::timestamptz[]
)
on conflict (account_id, product) do update set
  actual_vnd = excluded.actual_vnd,
  estimate_vnd = excluded.estimate_vnd,
  held_vnd = excluded.held_vnd,
  debt_vnd = excluded.debt_vnd,
  reserved_vnd = excluded.reserved_vnd,
  debt_days = excluded.debt_days,
  counted_until = excluded.counted_until,
  closed_until = excluded.closed_until;

-- name: save_charges
update hold.charge set given_back_vnd = saved.given_back_vnd
from unnest($1::text[], $2::text[], $3::bigint[]) as saved (account_id, order_id, given_back_vnd)
where charge.account_id = saved.account_id and charge.order_id = saved.order_id;

-- name: save_order_holds
update hold.order_hold set released_vnd = saved.released_vnd, taken_vnd = saved.taken_vnd
from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[])
  as saved (account_id, order_id, product, released_vnd, taken_vnd)
where order_hold.account_id = saved.account_id and order_hold.order_id = saved.order_id
  and order_hold.product = saved.product;

-- name: find_days
-- Accounts of a share that hold anything; not locked yet.
select asked.message, found.account_id as key
from unnest($1::text[], $2::smallint[], $3::text[], $4::timestamptz[]) as asked (message, shard, after, at)
cross join lateral (
  select account_id from hold.account
  where shard = asked.shard and product_holds > 0 and account_id > asked.after
  order by account_id limit $5
) as found
order by asked.message, found.account_id;

-- name: find_poc_due
-- Accounts of a share of whose POC wallet something fell due by then; not locked yet.
select asked.message, found.account_id as key
from unnest($1::text[], $2::smallint[], $3::text[], $4::timestamptz[]) as asked (message, shard, after, at)
cross join lateral (
  select account_id from hold.account
  where shard = asked.shard and poc_next_at <= asked.at and account_id > asked.after
  order by account_id limit $5
) as found
order by asked.message, found.account_id;

-- name: read_first_poc_due
select min(first.poc_next_at)
from generate_series(0, 11) as share (shard)
cross join lateral (
  select poc_next_at from hold.account
  where account.shard = share.shard and poc_next_at is not null
  order by poc_next_at limit 1
) as first;

-- name: find_meters
-- What the accounts have metered of a product; of all products, where none is named.
select meter.account_id, meter.resource_id, meter.product, kind, since_at, vnd, quantity, per, parts, closed
from unnest($1::text[], $2::text[]) as asked (account_id, product)
cross join lateral (
  select * from hold.meter where account_id = asked.account_id and (asked.product is null or product = asked.product)
) as meter;

-- name: save_meters
insert into hold.meter (account_id, product, resource_id, kind, since_at, vnd, quantity, per, parts, closed)
select * from unnest($1::hold.meter_to_save[])
on conflict (account_id, product, resource_id) do update set
  kind = excluded.kind,
  since_at = excluded.since_at,
  vnd = excluded.vnd,
  quantity = excluded.quantity,
  per = excluded.per,
  parts = excluded.parts,
  closed = excluded.closed;

-- name: forget_meters
delete from hold.meter using unnest($1::text[], $2::text[], $3::text[]) as over (account_id, product, resource_id)
where meter.account_id = over.account_id and meter.product = over.product and meter.resource_id = over.resource_id;

-- name: find_payments
select payment.account_id, payment.payment_id, payment.invoice_id, payment.product, amount_vnd, paid_vnd, from_hold_vnd
from unnest($1::text[], $2::text[]) as asked (account_id, payment_id)
cross join lateral (
  select * from hold.payment where account_id = asked.account_id and payment_id = asked.payment_id limit 1
) as payment;

-- name: read_any_held
select exists (select from hold.account where shard between 0 and 11 and product_holds > 0);

-- name: find_reserves
select reserve.account_id, reserve.order_id, asked_vnd, amount_vnd, left_vnd
from unnest($1::text[], $2::text[]) as asked (account_id, order_id)
cross join lateral (
  select * from hold.reserve where account_id = asked.account_id and order_id = asked.order_id limit 1
) as reserve;

-- name: save_reserves
update hold.reserve set left_vnd = saved.left_vnd
from unnest($1::text[], $2::text[], $3::bigint[]) as saved (account_id, order_id, left_vnd)
where reserve.account_id = saved.account_id and reserve.order_id = saved.order_id;
