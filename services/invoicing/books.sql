-- What an operator reads of the documents. Nothing here changes anything.

-- name: read_invoices
-- The one with the id, those of the account, those of the accounts order: oldest first. null: whichever.
select jsonb_build_object(
  'invoice', invoice_id, 'account', invoice.account_id,
  'number', month || '-' || lpad(sequence::text, greatest(6, length(sequence::text)), '0'), 'month', month,
  'resource', resource_id, 'cluster', cluster_id, 'product', product, 'kind', kind, 'action', action,
  'order', invoice.order_id, 'amount', money_vnd + carried_vnd, 'paid', money_vnd + carried_vnd, 'carried', carried_vnd,
  'status', 'paid', 'line', line, 'issued_at', issued_at, 'closed_at', closed_at,
  'unused', coalesce(unused_vnd, 0), 'version', case when closed_at is null then 1 else 2 end
)::text
from invoicing.invoice left join invoicing.closing using (invoice_id)
where ($1::uuid is null or invoice_id = $1)
  and ($2::text is null or invoice.account_id = $2)
  and ($3::text is null or invoice.order_id = $3)
order by invoice.account_id, month, sequence
