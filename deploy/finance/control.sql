-- The control sheet of a month: what its record, its invoices and payments come to, beside what hold's books say.

-- name: read_products
-- By product; the one without a name is what was paid of whole invoices later.
with invoice as materialized (
  select invoice_id, invoice_id::text as reference from invoicing.invoice where month = $1 and line is null
)
select product, sum(lines)::bigint as lines, sum(recorded)::bigint as recorded, sum(invoiced)::bigint as invoiced,
  sum(given_back)::bigint as given_back, sum(paid)::bigint as paid, sum(from_hold)::bigint as from_hold,
  sum(booked)::bigint as booked
from (
  select product, count(*) as lines, sum(line.amount_vnd) as recorded,
    coalesce(sum(line.amount_vnd) filter (where line.invoice_id is not null), 0) as invoiced,
    coalesce(-sum(line.amount_vnd) filter (where line.invoice_id is null), 0) as given_back,
    0 as paid, 0 as from_hold, 0 as booked
  from invoicing.month_record join invoicing.use_line as line using (account_id, month) join invoicing.usage using (usage_id)
  where month = $1
  group by product
  union all
  select coalesce(product, ''), 0, 0, 0, 0, sum(amount_vnd), sum(from_hold_vnd), 0
  from invoicing.payment join invoice using (invoice_id) group by 1
  union all
  select coalesce(product, ''), 0, 0, 0, 0, 0, 0, sum(paid_vnd)
  from hold.payment join invoice on invoice.reference = payment.invoice_id group by 1
) as part
group by product
order by product = '', product;

-- name: read_totals
with invoice as materialized (
  select invoice_id, account_id, invoice_id::text as reference, money_vnd
  from invoicing.invoice where month = $1 and line is null
)
select
  (select coalesce(sum(amount_vnd), 0)::bigint from invoicing.month_record where month = $1) as recorded,
  (select coalesce(sum(money_vnd), 0)::bigint from invoice) as invoiced,
  -- What was invoiced at the end of a use, where its month is not on record yet.
  (
    select coalesce(sum(amount_vnd), 0)::bigint from invoicing.use_line
    where month = $1 and invoice_id is not null and not exists (
      select from invoicing.month_record as record
      where record.account_id = use_line.account_id and record.month = use_line.month
    )
  ) as not_recorded,
  (select coalesce(sum(amount_vnd), 0)::bigint from invoicing.payment join invoice using (invoice_id)) as paid,
  (
    select coalesce(-sum(amount_vnd), 0)::bigint
    from hold.ledger_entry as entry join invoice using (account_id, reference)
    where entry.line = 1 and entry.kind in ('settle', 'payment')
  ) as ledger,
  (select count(*) from invoicing.owed join invoice using (invoice_id) where awaited > 0) as awaited;
