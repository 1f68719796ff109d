-- What an operator reads of orders. Nothing here changes anything.

-- name: read_order
-- The order of that id; else the latest one about it.
select jsonb_build_object(
  'order', order_id, 'subject', subject, 'account', account_id, 'action', action, 'status', status, 'pay', pay,
  'total', total_vnd, 'given_back', given_back_vnd, 'lines', lines, 'done', done, 'failed', failed,
  'coupon', coupon, 'placed_at', placed_at, 'version', version
)::text
from checkout."order" where order_id = $1 or subject = $1
order by order_id = $1 desc, placed_at desc limit 1

-- name: read_lines
select jsonb_build_object(
  'id', order_id || ':' || number, 'order', order_id, 'resource', resource_id, 'status', status,
  'reason', reason, 'line', line, 'metered', metered, 'version', version
)::text
from checkout.line where order_id = $1 order by number
