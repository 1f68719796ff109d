-- What holds of payments from outside, and of what gateways told.

-- name: received_is_told_once
-- truth 5: What was received for an order is what one word of its gateway said, which counted.
-- of: payments.payment
select coalesce(payment.order_id, told.order_id) as id,
  'received ' || coalesce(received_vnd, 0) || ' VND, told ' || coalesce(told_vnd, 0) || ' in ' || coalesce(words, 0) || ' words' as found
from payments.payment full join (
  select order_id, sum(amount_vnd) as told_vnd, count(*) as words
  from payments.told where outcome = 'paid' and verdict = 'taken' group by order_id
) as told using (order_id)
where (coalesce(received_vnd, 0), (coalesce(received_vnd, 0) > 0)::int) <> (coalesce(told_vnd, 0), coalesce(words, 0))

-- name: what_is_not_final_is_asked_about
-- truth 3: A payment that a gateway was asked for is asked about again until it is final, and then no more.
-- of: payments.payment
select order_id as id, status || ', asked again at ' || coalesce(next_at::text, 'no time') as found
from payments.payment
where (next_at is not null) <> (status in ('asking', 'pending') or (status = 'abandoned' and amount_vnd > 0))

-- name: nothing_stays_due
-- truth 3: What was to be asked more than an hour before the last minute that was done has been asked.
-- of: payments.payment
-- settles
select order_id as id, status || ', due ' || next_at || ', done up to ' || instant as found
from payments.payment join payments.job_progress as job on job.job = 'chase_payments' and job.shard = payment.shard
where job.done and next_at < job.instant - interval '1 hour'

-- name: nothing_waits_for_hold
-- truth 3: No payment waits for credit to be set aside, or for its order to be charged, but for a moment.
-- of: payments.payment
-- settles
select order_id || '@' || version as id, status || ' of ' || account_id as found
from payments.payment where status in ('reserving', 'charging') or (status = 'abandoned' and amount_vnd = 0)
