-- What invoicing reads and writes: one statement per table and batch.

-- name: lock_accounts
select account_id, event_sequence from invoicing.account
where account_id = any($1::text[])
order by account_id
for update;

-- name: lock_accounts_of_invoices
-- Documents cannot be locked, as they are never changed: the account's row stands for all of them.
select account_id, event_sequence from invoicing.account
where account_id in (select account_id from invoicing.invoice where invoice_id = any($1::uuid[]))
order by account_id
for update;

-- name: lock_months
-- Asked in key order, and one look into the index for each, whatever the planner believes of the table's size.
select month.*
from unnest($1::text[], $2::text[]) as asked (account_id, month)
cross join lateral (
  select account_id, month, issued from invoicing.month as row
  where row.account_id = asked.account_id and row.month = asked.month
  for update
) as month;

-- name: lock_resources
select resource.*
from unnest($1::text[], $2::text[]) as asked (account_id, resource_id)
cross join lateral (
  select account_id, resource_id, invoice_ids::text[], usage_id::text from invoicing.resource as row
  where row.account_id = asked.account_id and row.resource_id = asked.resource_id
  for update
) as resource;

-- name: find_invoices
select invoice.invoice_id::text, invoice.account_id, month, sequence, resource_id, cluster_id, product, kind, action,
  invoice.order_id, money_vnd, carried_vnd, line, issued_at, invoice.cause_id::text,
  closed_by, closed_at, unused_minutes, unused_vnd, replaced_by::text, closing.order_id as closing_order_id,
  effective_at, closing.cause_id::text as closing_cause_id, totals, paid_vnd, payments
from invoicing.invoice as invoice left join invoicing.closing as closing using (invoice_id)
cross join lateral (
  select coalesce(sum(amount_vnd), 0)::bigint as paid_vnd, count(*)::integer as payments
  from invoicing.payment where payment.invoice_id = invoice.invoice_id
) as paid
where invoice.invoice_id = any($1::uuid[]);

-- name: find_usages
select usage_id::text, account_id, resource_id, cluster_id, product, kind, flavor, quantity, price_vnd, per, starts_at,
  cause_id::text, billing, parts
from invoicing.usage
where usage_id = any($1::uuid[]);

-- name: find_month_slices
-- The accounts that have use to record, after the last one that was done. Nothing is locked yet.
select asked.message, found.account_id as key
from unnest($1::text[], $2::smallint[], $3::text[], $4::timestamptz[]) as asked (message, shard, after, ends)
cross join lateral (
  select distinct account_id from invoicing.due_use as due
  where due.shard = asked.shard and due.account_id > asked.after
    and (due.recorded_until < asked.ends or due.until_at is not null)
  order by account_id limit $5
) as found;

-- name: find_owed_slices
-- The accounts that owe something they are not asked for just now, after the last one that was done.
select asked.message, found.account_id as key
from unnest($1::text[], $2::smallint[], $3::text[], $4::timestamptz[]) as asked (message, shard, after, ends)
cross join lateral (
  select distinct account_id from invoicing.owed
  where owed.shard = asked.shard and owed.account_id > asked.after and owed.issued_at < asked.ends
    and outstanding_vnd > 0 and awaited = 0
  order by account_id limit $5
) as found;

-- name: find_due_of_resources
select due.*
from unnest($1::text[], $2::text[]) as asked (account_id, resource_id)
cross join lateral (
  select usage_id::text, account_id, resource_id, recorded_until, until_at, invoiced_from from invoicing.due_use as row
  where row.account_id = asked.account_id and row.resource_id = asked.resource_id
) as due
order by recorded_until, until_at nulls last, usage_id;

-- name: find_due_of_accounts
select usage_id::text, account_id, resource_id, recorded_until, until_at, invoiced_from from invoicing.due_use
where account_id = any($1::text[])
order by usage_id;

-- name: find_due
select usage_id::text, account_id, resource_id, recorded_until, until_at, invoiced_from from invoicing.due_use
where usage_id = any($1::uuid[]);

-- name: find_month_records
select month_record.*
from unnest($1::text[], $2::text[]) as asked (account_id, month)
cross join lateral (
  select account_id, month, amount_vnd, totals, lines, invoice_id::text, effective_at, cause_id::text
  from invoicing.month_record as row
  where row.account_id = asked.account_id and row.month = asked.month
) as month_record;

-- name: find_use_lines
select line.*
from unnest($1::text[], $2::text[]) as asked (account_id, month)
cross join lateral (
  select account_id, month, usage_id::text, starts_at, until_at, units, amount_vnd, invoice_id::text, cause_id::text
  from invoicing.use_line as row
  where row.account_id = asked.account_id and row.month = asked.month
) as line;

-- name: find_owed
select invoice_id::text, account_id, issued_at, outstanding_vnd, asked_by, awaited, paid_now_vnd, from_hold_vnd
from invoicing.owed
where invoice_id = any($1::uuid[]);

-- name: find_owed_of_accounts
select invoice_id::text, account_id, issued_at, outstanding_vnd, asked_by, awaited, paid_now_vnd, from_hold_vnd
from invoicing.owed
where account_id = any($1::text[]) and outstanding_vnd > 0 and awaited = 0;

-- name: read_first_owed
select min(issued_at) from invoicing.owed where outstanding_vnd > 0;

-- name: add_accounts
-- Refused where another worker has made one meanwhile, as for months and resources: the batch is done again.
insert into invoicing.account (account_id, event_sequence)
select * from unnest($1::text[], $2::bigint[]);

-- name: save_accounts
update invoicing.account set event_sequence = saved.event_sequence
from unnest($1::text[], $2::bigint[]) as saved (account_id, event_sequence)
where account.account_id = saved.account_id;

-- name: add_months
insert into invoicing.month (account_id, month, issued)
select * from unnest($1::text[], $2::text[], $3::integer[]);

-- name: save_months
update invoicing.month set issued = saved.issued
from unnest($1::text[], $2::text[], $3::integer[]) as saved (account_id, month, issued)
where month.account_id = saved.account_id and month.month = saved.month;

-- name: add_resources
insert into invoicing.resource (account_id, resource_id, invoice_ids, usage_id)
select * from unnest($1::invoicing.resource_to_save[]);

-- name: save_resources
update invoicing.resource set invoice_ids = saved.invoice_ids, usage_id = saved.usage_id
from unnest($1::invoicing.resource_to_save[]) as saved
where resource.account_id = saved.account_id and resource.resource_id = saved.resource_id;

-- name: save_due
update invoicing.due_use set
  recorded_until = saved.recorded_until,
  until_at = saved.until_at,
  invoiced_from = saved.invoiced_from
from unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[], $4::timestamptz[])
  as saved (usage_id, recorded_until, until_at, invoiced_from)
where due_use.usage_id = saved.usage_id;

-- name: forget_due
delete from invoicing.due_use where usage_id = any($1::uuid[]);

-- name: save_owed
update invoicing.owed set
  outstanding_vnd = saved.outstanding_vnd,
  asked_by = saved.asked_by,
  awaited = saved.awaited,
  paid_now_vnd = saved.paid_now_vnd,
  from_hold_vnd = saved.from_hold_vnd
from unnest($1::uuid[], $2::bigint[], $3::text[], $4::smallint[], $5::bigint[], $6::bigint[])
  as saved (invoice_id, outstanding_vnd, asked_by, awaited, paid_now_vnd, from_hold_vnd)
where owed.invoice_id = saved.invoice_id;

-- name: forget_owed
delete from invoicing.owed where invoice_id = any($1::uuid[]);
