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
  effective_at, closing.cause_id::text as closing_cause_id
from invoicing.invoice as invoice left join invoicing.closing as closing using (invoice_id)
where invoice.invoice_id = any($1::uuid[]);

-- name: find_usages
select usage_id::text, account_id, resource_id, cluster_id, product, kind, flavor, quantity, price_vnd, per, starts_at,
  cause_id::text
from invoicing.usage
where usage_id = any($1::uuid[]);

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
