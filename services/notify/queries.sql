-- What notify reads and writes: one statement per table and batch.

-- name: lock_accounts
select account_id, owner, language, recipients, waiting, event_sequence
from notify.account
where account_id = any($1::text[])
order by account_id
for update;

-- name: lock_orders
-- After the accounts they belong to: whoever else is at one of them waits there.
select order_id, account_id, ended, told, invoices_told
from notify."order"
where order_id = any($1::text[])
order by order_id
for update;

-- name: find_parts
-- One look into the index for each order, whatever the planner believes of the table's size.
select part.*
from unnest($1::text[]) as asked (order_id)
cross join lateral (
  select order_id, what, resource_id, item, invoiced from notify.part where order_id = asked.order_id offset 0
) as part;

-- name: add_accounts
-- Refused where another worker has added one meanwhile: to update it would undo what it did.
insert into notify.account (account_id, owner, language, recipients, waiting, event_sequence)
select * from unnest($1::text[], $2::text[], $3::text[], $4::jsonb[], $5::jsonb[], $6::bigint[]);

-- name: save_accounts
update notify.account set
  owner = saved.owner, language = saved.language, recipients = saved.recipients, waiting = saved.waiting,
  event_sequence = saved.event_sequence
from unnest($1::text[], $2::text[], $3::text[], $4::jsonb[], $5::jsonb[], $6::bigint[])
  as saved (account_id, owner, language, recipients, waiting, event_sequence)
where account.account_id = saved.account_id;

-- name: add_orders
insert into notify."order" (order_id, account_id, ended, told, invoices_told)
select * from unnest($1::text[], $2::text[], $3::jsonb[], $4::boolean[], $5::boolean[]);

-- name: save_orders
update notify."order" set
  ended = saved.ended, told = saved.told, invoices_told = saved.invoices_told
from unnest($1::text[], $2::text[], $3::jsonb[], $4::boolean[], $5::boolean[])
  as saved (order_id, account_id, ended, told, invoices_told)
where "order".order_id = saved.order_id;

-- name: drop_parts
delete from notify.part where order_id = any($1::text[]);
