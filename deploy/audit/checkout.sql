-- What holds of orders, their lines, the resources they have in hand, and coupons.

-- name: lines_explain_themselves
-- truth 5: A line's amount is its formula's, part by part, and its minutes are those of its period.
-- of: checkout.line where line is not null
select order_id || ':' || number as id, line::text as found
from checkout.line, lateral (
  select sum(amount) as gross, sum(discount) as discount, bool_or(
    amount <> div(2 * vnd * quantity * (line ->> 'minutes')::numeric + 43200, 86400)
    or discount <> least(amount, div(2 * amount * percent + 100, 200))
  ) as misrounded
  from (
    select (part ->> 'vnd')::numeric as vnd, (part ->> 'amount')::numeric as amount,
      coalesce((part ->> 'discount_percent')::numeric, 0) as percent, coalesce((part ->> 'discount')::numeric, 0) as discount
    from jsonb_array_elements(line -> 'parts') as part
  ) as part
) as parts
where line is not null and (
  parts.misrounded
  or (parts.gross, parts.discount) <> ((line ->> 'gross')::numeric, coalesce((line ->> 'discount')::numeric, 0))
  or (line ->> 'amount')::numeric <> parts.gross - parts.discount
    - coalesce((line ->> 'coupon')::numeric, 0) - coalesce((line ->> 'carried')::numeric, 0)
  or least(parts.gross - parts.discount, (line ->> 'coupon')::numeric) <> coalesce((line ->> 'coupon')::numeric, 0)
  or extract(epoch from (line ->> 'until')::timestamptz - (line ->> 'starts')::timestamptz) <> 60 * (line ->> 'minutes')::numeric
  or (line ->> 'resource', line ->> 'flavor', (line ->> 'quantity')::int) <> (resource_id, flavor, quantity)
)

-- name: orders_count_their_lines
-- truth 3: An order's counters are its lines', and it has ended exactly when all of them have.
-- of: checkout."order"
select order_id as id,
  status || ': lines, done, failed, spared ' || array[lines, done, failed, spared]::text || ', found '
  || array[coalesce(found_lines, 0), coalesce(found_done, 0), coalesce(found_failed, 0), coalesce(found_spared, 0)]::text as found
from checkout."order" full join (
  select order_id, count(*) as found_lines, count(*) filter (where status = 'done') as found_done,
    count(*) filter (where status = 'failed') as found_failed,
    count(*) filter (where status = 'failed' and reason = 'already_stopped') as found_spared
  from checkout.line group by order_id
) as line using (order_id)
where (lines, done, failed, spared) is distinct from (found_lines, found_done, found_failed, found_spared)
  or status is distinct from case
    when done + failed < lines then case when status in ('awaiting_payment', 'paid', 'provisioning') then status end
    when status = 'cancelled' and done = 0 then status
    when failed = spared then 'completed'
    else 'partly_completed'
  end

-- name: orders_sum_their_lines
-- truth 5: An order's total is its lines', and what it gave back is that of the lines that failed.
-- of: checkout."order"
select order_id as id,
  'total ' || total_vnd || ' VND, lines ' || lines_vnd || '; given back ' || given_back_vnd || ', failed ' || failed_vnd as found
from checkout."order" join (
  select order_id, sum(amount_vnd) as lines_vnd, coalesce(sum(amount_vnd) filter (where status = 'failed'), 0) as failed_vnd
  from (
    select order_id, line.status, case pay
      when 'hold' then greatest(coalesce((metered ->> 'estimate')::bigint - coalesce((metered ->> 'carried')::bigint, 0), 0), 0)
      when 'none' then 0
      else greatest(coalesce((line.line ->> 'amount')::bigint, 0), 0)
    end as amount_vnd
    from checkout.line join checkout."order" using (order_id)
  ) as line
  group by order_id
) as line using (order_id)
where total_vnd <> lines_vnd
  -- Of an order that was called off, what was charged meanwhile; nothing, mostly.
  or given_back_vnd <> case status when 'cancelled' then received_vnd else failed_vnd end

-- name: stopped_from_their_instant_on
-- truth 6: The paid time of a Stop POC begins at the order's minute, where the POC time ends.
-- of: checkout."order" where action = 'stop_poc'
select order_id || ':' || number as id, 'begins ' || (line.line ->> 'starts') || ', ordered ' || placed_at as found
from checkout.line join checkout."order" using (order_id)
where action = 'stop_poc' and (line.line ->> 'starts')::timestamptz <> date_trunc('minute', placed_at, 'UTC')

-- name: resources_are_in_one_hand
-- truth 3: A resource is in an order's hand exactly while a line of that order waits for it.
-- of: checkout.item
select coalesce(item.resource_id, line.resource_id) as id,
  'in the hand of ' || coalesce(open_order || ':' || open_line, 'nobody') || ', waited for by '
  || coalesce(order_id || ':' || number, 'nobody') as found
from (select * from checkout.item where open_order is not null) as item
full join (select * from checkout.line where status = 'pending') as line
  on line.resource_id = item.resource_id and line.order_id = item.open_order and line.number = item.open_line
where item.resource_id is null or line.resource_id is null

-- name: coupons_count_their_orders
-- truth 5: A coupon is used by as many orders as have it and stand.
-- of: checkout.coupon
select coalesce(code, coupon) as id, 'used ' || coalesce(used, 0) || ' times, by ' || coalesce(orders, 0) || ' orders' as found
from checkout.coupon full join (
  select coupon, count(*) as orders from checkout."order"
  where coupon is not null and not (status in ('completed', 'partly_completed', 'cancelled') and done = 0)
  group by coupon
) as users on users.coupon = code
where used is distinct from coalesce(orders, 0)

-- name: no_end_is_renewed_twice
-- truth 6: From one end a resource is renewed once, by hand or by itself.
-- of: checkout.line
select resource_id as id, 'from ' || (line.line ->> 'starts') || ' on ' || count(*) || ' times, by orders '
  || string_agg(order_id, ', ') as found
from checkout.line join checkout."order" using (order_id)
where action = 'renew' and line.status = 'done'
group by resource_id, line.line ->> 'starts'
having count(*) > 1

-- name: renewed_by_itself_once_a_morning
-- truth 3: What renews itself has at most one order a morning.
-- of: checkout."order"
select min(order_id) as id, subject || ' has ' || count(*) || ' orders of ' || placed_at as found
from checkout."order"
where auto
group by subject, placed_at
having count(*) > 1
