-- What holds between orders that are paid from outside, their payments, and the books. A message under way may be missing, so
-- each of these may have to be looked at again.

-- name: orders_have_one_payment
-- truth 3: Each order that is to be paid from outside has one payment, of what it costs; nothing else has one.
-- of: checkout."order" where pay in ('top_up', 'gateway', 'on_behalf') and total_vnd > 0
-- settles
select coalesce(asked.order_id, payment.order_id) as id,
  'order of ' || coalesce(concat_ws(' ', asked.account_id, asked.pay, asked.total_vnd), 'nobody') || ', payment of '
  || coalesce(concat_ws(' ', payment.account_id, payment.pay, payment.total_vnd), 'nobody') as found
from (
  select * from checkout."order" where pay in ('top_up', 'gateway', 'on_behalf') and total_vnd > 0
) as asked full join payments.payment using (order_id)
-- One that nobody could be asked to pay was called off at once.
where not (payment.order_id is null and asked.status = 'cancelled' and exists (
    select from checkout.line where line.order_id = asked.order_id and line.reason = 'payer_missing'
  ))
  and (asked.account_id, asked.pay, asked.total_vnd)
  is distinct from (payment.account_id, payment.pay, payment.total_vnd)

-- name: payments_stand_as_their_orders
-- truth 3: An order waits exactly while its payment does; it is done when that is paid, and called off when it is not.
-- of: payments.payment
-- settles
select order_id || '@' || payment.version || '/' || "order".version as id,
  'order ' || "order".status || ', payment ' || payment.status as found
from payments.payment join checkout."order" using (order_id)
where payment.status <> all (case "order".status
  when 'awaiting_payment' then array['reserving', 'asking', 'pending', 'charging']
  -- Charged as it was called off: then all of it was given back.
  when 'cancelled' then array['failed', 'abandoned', 'closed', 'credited']
    || case when "order".given_back_vnd > 0 then array['paid'] else array[]::text[] end
  else array['paid']
end)

-- name: received_is_booked_once
-- truth 1: What was received from outside came into its account's wallet, once, to the VND, under the payment's reference.
-- of: payments.payment
-- settles
select order_id as id,
  status || ', received ' || received_vnd || ' VND, booked ' || coalesce(booked_vnd, 0) || ' in ' || coalesce(times, 0) || ' times' as found
from payments.payment left join (
  select reference, account_id, sum(amount_vnd) as booked_vnd, count(*) as times
  from hold.ledger_entry where kind = 'deposit' and book = 'credit' group by reference, account_id
) as deposit on deposit.reference = payment.gateway || ':' || order_id and deposit.account_id = payment.account_id
where (coalesce(booked_vnd, 0), coalesce(times, 0)) <> (received_vnd, (received_vnd > 0)::int)

-- name: paid_again_is_credit
-- truth 1: What an order was paid once more came into its account's wallet, once, to the VND, under the gateway's own number of it.
-- of: payments.told
-- settles
select order_id as id,
  told.gateway || ' has ' || told.amount_vnd || ' VND as ' || told.transaction || ', booked ' || coalesce(booked_vnd, 0) || ' in '
  || coalesce(times, 0) || ' times' as found
from payments.told join payments.payment using (order_id) left join (
  select reference, account_id, sum(amount_vnd) as booked_vnd, count(*) as times
  from hold.ledger_entry where kind = 'deposit' and book = 'credit' group by reference, account_id
) as deposit on deposit.reference = told.gateway || ':' || told.transaction and deposit.account_id = payment.account_id
where verdict = 'paid_again' and (coalesce(booked_vnd, 0), coalesce(times, 0)) <> (told.amount_vnd, 1)

-- name: money_that_does_not_count_is_booked_by_hand
-- truth 1: Money that a gateway confirms and that pays no order of ours is credit, under the gateway's own number of it.
-- of: payments.told
-- settles
select order_id as id,
  told.gateway || ' has ' || told.amount_vnd || ' VND as ' || told.transaction || ' (' || verdict || '), booked nowhere' as found
from payments.told left join payments.payment using (order_id)
where outcome = 'paid' and verdict <> 'taken' and told.amount_vnd > 0
  -- Another amount that came by callback was asked about, while the payment could still be taken.
  and (verdict <> 'amount_differs' or told_by = 'query' or received_vnd > 0)
  and (told.gateway, told.transaction) is distinct from (payment.gateway, payment.transaction)
  and not exists (
    select from hold.ledger_entry where kind = 'deposit' and reference = told.gateway || ':' || told.transaction
  )
group by order_id, told.gateway, told.amount_vnd, told.transaction, verdict

-- name: paid_is_charged
-- truth 5: An order is charged exactly when it was paid from outside, and what was received else stayed credit.
-- of: payments.payment
-- settles
select order_id as id,
  status || ', received ' || received_vnd || ' and set aside ' || reserved_vnd || ' of ' || total_vnd || ' VND, charged '
  || coalesce(charge.amount_vnd::text, 'nothing') as found
from payments.payment left join hold.charge as charge using (account_id, order_id)
where charge.amount_vnd is distinct from case status when 'paid' then total_vnd end

-- name: set_aside_only_for_who_waits
-- truth 2: Credit is set aside for an order exactly while its payment waits, and nothing for one that has ended.
-- of: payments.payment
-- settles
select coalesce(payment.order_id, reserve.order_id) as id,
  coalesce(status, 'no payment') || ', set aside ' || coalesce(reserved_vnd, 0) || ' VND; hold has '
  || coalesce(left_vnd, 0) || ' left of ' || coalesce(reserve.amount_vnd, 0) as found
from payments.payment full join hold.reserve using (order_id, account_id)
where coalesce(reserved_vnd, 0) <> coalesce(reserve.amount_vnd, 0)
  or coalesce(left_vnd, 0) <> case when status in ('asking', 'pending', 'charging') then reserved_vnd else 0 end

-- name: no_more_comes_back_than_was_paid
-- truth 5: What comes back of an order is never more than was received and set aside for it.
-- of: payments.payment
-- settles
select order_id as id,
  'received and set aside ' || payment.received_vnd + reserved_vnd || ' VND, given back '
  || coalesce(charge.given_back_vnd, 0) || ' by hold and ' || "order".given_back_vnd || ' by checkout' as found
from payments.payment join checkout."order" using (order_id) left join hold.charge as charge using (order_id)
where greatest(coalesce(charge.given_back_vnd, 0), "order".given_back_vnd) > payment.received_vnd + reserved_vnd
