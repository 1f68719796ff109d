-- What the bench reads of the services' tables: that everything is there, once.

-- name: count_accounts
-- Where they have to be known before anything can be bought.
select count(*) from checkout.account where poc_until is not null;

-- name: count_known
select count(*) from checkout.item where version > 0 and status = 'active' and open_order is null;

-- name: read_books
select
  (select count(*) from lifecycle.resource where billing = 'prepaid' and status = 'active') as converted,
  (select count(*) from lifecycle.resource where billing = 'poc' and status = 'active') as still_poc,
  (select count(*) from checkout.item where billing = 'prepaid' and open_order is null) as known_converted,
  (select count(*) from checkout.cluster where not poc) as known_stopped,
  (select count(*) from checkout."order" where status = 'completed') as orders_completed,
  (select count(*) from checkout.line where status = 'done') as lines_done,
  (select count(*) from invoicing.invoice) as invoiced,
  (select coalesce(sum(amount_vnd), 0) from hold.ledger_entry)::bigint as ledger_balance_vnd,
  (select count(*) from hold.ledger_entry where kind = 'poc_refund' and line = 1) as refunds,
  (select count(*) from lifecycle.change) as changes_open,
  (select count(*) from checkout.outbox) + (select count(*) from hold.outbox) + (select count(*) from invoicing.outbox)
    + (select count(*) from lifecycle.outbox) + (select count(*) from provisioning.outbox)
    + (select count(*) from notify.outbox) + (select count(*) from payments.outbox) as outbox_rows;
