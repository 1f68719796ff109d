-- What payments reads and writes: one statement per table and batch.

-- name: lock_payments
select order_id, account_id, pay, gateway, total_vnd, asked_at, until, payer_email, status, reserved_vnd, amount_vnd,
  received_vnd, transaction, pay_url, next_at, version, event_sequence, paid_again
from payments.payment
where order_id = any($1::text[])
order by order_id
for update;

-- name: find_to_chase
-- A slice of each share, in key order; not locked yet.
select asked.message, found.order_id as key
from unnest($1::text[], $2::smallint[], $3::text[], $4::timestamptz[]) as asked (message, shard, after, at)
cross join lateral (
  select order_id from payments.payment
  where shard = asked.shard and next_at <= asked.at and order_id > asked.after
  order by order_id
  limit $5
) as found
order by asked.message, found.order_id;

-- name: read_first_next
select min(next_at) from payments.payment where next_at is not null;

-- name: add_payments
-- Refused where another worker has added one meanwhile: to update it would undo what it did.
insert into payments.payment (
  order_id, account_id, shard, pay, gateway, payer_email, total_vnd, asked_at, until, status, reserved_vnd, amount_vnd,
  received_vnd, transaction, pay_url, next_at, version, event_sequence, paid_again
)
select * from unnest($1::payments.payment_to_save_2[]);

-- name: save_payments
update payments.payment as kept set
  status = now.status,
  reserved_vnd = now.reserved_vnd,
  amount_vnd = now.amount_vnd,
  received_vnd = now.received_vnd,
  transaction = now.transaction,
  pay_url = now.pay_url,
  next_at = now.next_at,
  version = now.version,
  event_sequence = now.event_sequence,
  paid_again = now.paid_again
from unnest($1::payments.payment_to_save_2[]) as now
where kept.order_id = now.order_id;
