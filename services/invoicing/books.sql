-- What an operator, or finance, reads of the documents. Nothing here changes anything.

-- name: read_invoices
-- The one with the id, those of the account, those of the accounts order: oldest first. null: whichever.
select jsonb_build_object(
  'invoice', invoice_id, 'account', invoice.account_id,
  'number', month || '-' || lpad(sequence::text, greatest(6, length(sequence::text)), '0'), 'month', month,
  'resource', resource_id, 'cluster', cluster_id, 'product', product, 'kind', kind, 'action', action,
  'order', invoice.order_id, 'amount', money_vnd + carried_vnd, 'paid', paid_vnd, 'carried', carried_vnd,
  'status', case paid_vnd when money_vnd + carried_vnd then 'paid' when 0 then 'unpaid' else 'partially_paid' end,
  'line', line, 'totals', (
    select coalesce(jsonb_agg(jsonb_build_object('product', total -> 0, 'amount', total -> 1)), '[]')
    from jsonb_array_elements(totals) as total
  ), 'issued_at', issued_at, 'closed_at', closed_at,
  'unused', coalesce(unused_vnd, 0), 'version', 1 + (closed_at is not null)::integer + payments
)::text
from invoicing.invoice left join invoicing.closing using (invoice_id)
cross join lateral (
  select case when line is null then coalesce(sum(amount_vnd), 0) else money_vnd + carried_vnd end as paid_vnd,
    count(*) as payments
  from invoicing.payment where payment.invoice_id = invoice.invoice_id
) as paid
where ($1::uuid is null or invoice_id = $1)
  and ($2::text is null or invoice.account_id = $2)
  and ($3::text is null or invoice.order_id = $3)
order by invoice.account_id, month, sequence;

-- name: read_lines_of_invoice
select jsonb_build_object(
  'usage', usage_id, 'product', product, 'resource', usage.resource_id, 'cluster', usage.cluster_id, 'kind', kind,
  'flavor', flavor, 'quantity', quantity, 'vnd', price_vnd, 'per', per, 'parts', parts,
  'starts', line.starts_at, 'until', line.until_at, 'units', units, 'amount', amount_vnd, 'invoice', line.invoice_id
)::text
from (
  select use_line.* from invoicing.invoice join invoicing.use_line using (account_id, month, invoice_id)
  where invoice.invoice_id = $1
) as line join invoicing.usage as usage using (usage_id)
order by product, usage.resource_id, line.starts_at, line.usage_id;

-- name: read_payments
select effective_at, paid_by, product, amount_vnd, from_hold_vnd
from invoicing.payment where invoice_id = $1
order by number;

-- name: read_month
-- Every line of the record of a month, with the invoice it is on and how that was paid: by account and place.
with invoice as (
  select invoice_id, month || '-' || lpad(sequence::text, greatest(6, length(sequence::text)), '0') as number, money_vnd,
    coalesce(sum(amount_vnd), 0)::bigint as paid_vnd, coalesce(sum(from_hold_vnd), 0)::bigint as from_hold_vnd
  from invoicing.invoice left join invoicing.payment using (invoice_id)
  where month = $1 and line is null
  group by invoice_id
)
select line.account_id, line.month, usage.product, usage.resource_id, usage.cluster_id, usage.kind, flavor, quantity,
  price_vnd, per, line.starts_at, line.until_at, units, line.amount_vnd, billing,
  number, money_vnd as invoice_vnd, paid_vnd, from_hold_vnd,
  case
    when line.invoice_id is null and line.amount_vnd < 0 then 'given_back'
    when line.invoice_id is null then 'free'
    when paid_vnd = money_vnd then 'paid'
    when paid_vnd = 0 then 'unpaid'
    else 'partially_paid'
  end as settled
from invoicing.month_record as record join invoicing.use_line as line
  on line.account_id = record.account_id and line.month = record.month
join invoicing.usage as usage on usage.usage_id = line.usage_id
left join invoice on invoice.invoice_id = line.invoice_id
where record.month = $1
order by line.account_id, usage.product, usage.resource_id, line.starts_at, line.usage_id;

-- name: read_month_status
select (select count(*) from invoicing.month_record where month = $1) as accounts,
  (select coalesce(sum(amount_vnd), 0)::bigint from invoicing.month_record where month = $1) as amount_vnd,
  (select count(distinct account_id) from invoicing.due_use where recorded_until < $2 and
    least(coalesce(until_at, 'infinity'), coalesce(invoiced_from, 'infinity')) > recorded_until) as waiting,
  invoices, invoiced_vnd, paid_vnd, unpaid
from (
  select count(*) as invoices, coalesce(sum(money_vnd), 0)::bigint as invoiced_vnd,
    coalesce(sum(paid), 0)::bigint as paid_vnd, count(*) filter (where paid < money_vnd) as unpaid
  from (
    select money_vnd, (select coalesce(sum(amount_vnd), 0) from invoicing.payment where payment.invoice_id = invoice.invoice_id) as paid
    from invoicing.invoice where month = $1 and line is null
  ) as invoice
) as totals;
