-- What hold reads and writes: one statement per table and batch.

-- name: lock_accounts
select account_id, mode, email, credit_total_vnd, credit_held_vnd,
  poc_until, poc_granted_vnd, poc_spent_vnd, poc_refunded_vnd, poc_expired_vnd, ledger_sequence, product_holds,
  event_sequence
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
select account_id, product, actual_vnd, estimate_vnd, held_vnd, debt_vnd
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
select order_hold.account_id, order_hold.order_id, order_hold.product, amount_vnd, released_vnd
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
  event_sequence
)
select * from unnest($1::hold.account_with_holds_to_save[]);

-- name: save_accounts
insert into hold.account (
  account_id, mode, email, credit_total_vnd, credit_held_vnd,
  poc_until, poc_granted_vnd, poc_spent_vnd, poc_refunded_vnd, poc_expired_vnd, ledger_sequence, product_holds,
  event_sequence
)
select * from unnest($1::hold.account_with_holds_to_save[])
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
  event_sequence = excluded.event_sequence;

-- name: save_product_holds
insert into hold.product_hold (account_id, product, actual_vnd, estimate_vnd, held_vnd, debt_vnd)
select * from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[])
on conflict (account_id, product) do update set
  actual_vnd = excluded.actual_vnd,
  estimate_vnd = excluded.estimate_vnd,
  held_vnd = excluded.held_vnd,
  debt_vnd = excluded.debt_vnd;

-- name: save_charges
update hold.charge set given_back_vnd = saved.given_back_vnd
from unnest($1::text[], $2::text[], $3::bigint[]) as saved (account_id, order_id, given_back_vnd)
where charge.account_id = saved.account_id and charge.order_id = saved.order_id;

-- name: save_order_holds
update hold.order_hold set released_vnd = saved.released_vnd
from unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) as saved (account_id, order_id, product, released_vnd)
where order_hold.account_id = saved.account_id and order_hold.order_id = saved.order_id
  and order_hold.product = saved.product;
