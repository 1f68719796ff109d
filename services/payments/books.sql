-- What an operator reads of payments. Nothing here changes anything.

-- name: read_payment
select jsonb_build_object(
  'order', order_id, 'account', account_id, 'pay', pay, 'gateway', gateway, 'status', status, 'total', total_vnd,
  'amount', amount_vnd, 'received', received_vnd, 'until', until, 'pay_url', pay_url, 'version', version
)::text
from payments.payment where order_id = $1
