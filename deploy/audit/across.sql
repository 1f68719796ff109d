-- What holds between services. A message under way may be missing, so each of these may have to be looked at again.

-- name: accounts_are_known_as_they_are
-- truth 8: Checkout knows each account as hold has it.
-- of: hold.account
-- settles
select account_id || '@' || coalesce(account.event_sequence, 0) as id,
  'hold: ' || coalesce(account.mode || ' ' || coalesce(account.poc_until::text, '-'), 'nothing')
  || '; checkout: ' || coalesce(told.mode || ' ' || coalesce(told.poc_until::text, '-'), 'nothing') as found
from hold.account as account full join checkout.account as told using (account_id)
where (account.mode, account.poc_until) is distinct from (told.mode, told.poc_until)

-- name: clusters_are_known_as_they_are
-- truth 8: Checkout knows each cluster as lifecycle has it.
-- of: lifecycle.cluster
-- settles
select cluster_id || '@' || coalesce(cluster.version, 0) as id,
  'lifecycle: ' || coalesce(cluster.version || ' ' || cluster.poc, 'nothing')
  || '; checkout: ' || coalesce(told.version || ' ' || told.poc, 'nothing') as found
from lifecycle.cluster as cluster full join checkout.cluster as told using (cluster_id)
where (cluster.version, cluster.account_id, cluster.poc) is distinct from (told.version, told.account_id, told.poc)

-- name: resources_are_known_as_they_are
-- truth 8: Checkout knows each resource as lifecycle has it.
-- of: lifecycle.resource
-- settles
select resource_id || '@' || coalesce(resource.version, 0) as id,
  'lifecycle: ' || coalesce(concat_ws(' ', resource.version, resource.billing, resource.status, resource.ends_at), 'nothing')
  || '; checkout: ' || coalesce(concat_ws(' ', told.version, told.billing, told.status, told.until), 'nothing') as found
from lifecycle.resource as resource
-- Of version 0: bought, and lifecycle has not been asked for it, or has refused it.
full join (select * from checkout.item where version > 0) as told using (resource_id)
where (
  resource.version, resource.account_id, resource.kind, resource.flavor, resource.quantity, resource.cluster_id,
  resource.billing, resource.status, resource.ends_at, resource.trash_ends_at
) is distinct from (
  told.version, told.account_id, told.kind, told.flavor, told.quantity, told.cluster_id,
  told.billing, told.status, told.until, told.trash_until
)
-- What is gone has a free name: it may have been bought again since, and have never come to be.
and (resource.status = 'released' and told.status = 'released' and resource.version = told.version) is not true

-- name: open_orders_wait_for_something
-- truth 3: No order is open without something it waits for: an answer under way, or the provider's.
-- of: checkout."order" where status in ('awaiting_payment', 'paid', 'provisioning')
-- settles
select order_id as id, status || ' since ' || placed_at || ', ' || lines - done - failed || ' lines open' as found
from checkout."order"
where status = 'paid' or (status = 'awaiting_payment' and not exists (
  -- Who pays from outside has some minutes, or days.
  select from payments.payment
  where payment.order_id = "order".order_id and payment.status in ('reserving', 'asking', 'pending', 'charging')
)) or (status = 'provisioning' and not exists (
  select from checkout.line join lifecycle.change
    on change.target in ('resource/' || line.resource_id, 'cluster/' || "order".cluster_id)
  where line.order_id = "order".order_id and line.status = 'pending'
))

-- name: orders_are_charged
-- truth 5: Hold has charged each order what it cost, once, and has given back what checkout gave back.
-- of: checkout."order" where pay <> 'hold'
-- settles
select coalesce("order".order_id, charge.order_id) as id,
  coalesce(status, 'no order') || ': received and given back '
  || array[coalesce(received_vnd, 0), coalesce("order".given_back_vnd, 0)]::text || ' VND, hold '
  || array[coalesce(amount_vnd, 0), coalesce(charge.given_back_vnd, 0)]::text as found
from (select * from checkout."order" where pay <> 'hold') as "order"
full join hold.charge as charge on charge.order_id = "order".order_id
where (coalesce(received_vnd, 0), coalesce("order".given_back_vnd, 0))
    <> (coalesce(amount_vnd, 0), coalesce(charge.given_back_vnd, 0))
  or "order".account_id <> charge.account_id
  or case pay when 'poc' then 'poc' else 'credit' end <> charge.wallet
  or (amount_vnd is null and status = 'provisioning' and total_vnd > 0 and pay <> 'none')

-- name: orders_are_held
-- truth 2: Hold has held for each order what it asked for each product, and let go what it gave back.
-- of: checkout."order" where pay = 'hold'
-- settles
select coalesce(asked.order_id, held.order_id) as id,
  'placed and given back ' || array[coalesce(placed_vnd, 0), coalesce(asked.given_back_vnd, 0)]::text || ' VND, hold '
  || array[coalesce(held_vnd, 0), coalesce(released_vnd, 0)]::text as found
from (
  select order_id, status, given_back_vnd, (
    select coalesce(sum((hold ->> 1)::bigint) filter (where (hold ->> 2)::boolean), 0) from jsonb_array_elements(holds) as hold
  ) as placed_vnd
  from checkout."order" where pay = 'hold'
) as asked
full join (
  select order_id, sum(amount_vnd) as held_vnd, sum(released_vnd) as released_vnd from hold.order_hold group by order_id
) as held using (order_id)
where coalesce(placed_vnd, 0) <> coalesce(held_vnd, 0)
  or coalesce(released_vnd, 0) <> case status when 'cancelled' then placed_vnd else coalesce(given_back_vnd, 0) end

-- name: lines_are_invoiced_once
-- truth 4: Each line that was had and paid with money has one invoice, for just that; nothing else has one.
-- of: checkout.line where status = 'done'
-- settles
select coalesce(line.order_id, invoice.order_id, 'no order') || '/' || coalesce(line.resource_id, invoice.resource_id) as id,
  coalesce(invoices, 0) || ' invoices over ' || coalesce(money_vnd, 0) || ' VND, the line costs '
  || coalesce(line_vnd::text, 'nothing, and was not had') as found
from (
  select order_id, resource_id, greatest((line.line ->> 'amount')::bigint, 0) as line_vnd,
    (line.line ->> 'amount')::bigint + coalesce((line.line ->> 'carried')::bigint, 0) as worth_vnd
  from checkout.line join checkout."order" using (order_id)
  where line.status = 'done' and line.line is not null and pay not in ('poc', 'hold', 'none')
) as line
full join (
  select order_id, resource_id, count(*) as invoices, sum(money_vnd) as money_vnd, sum(money_vnd + carried_vnd) as worth_vnd
  from invoicing.invoice where line is not null group by order_id, resource_id
) as invoice using (order_id, resource_id)
where (invoices, line_vnd, line.worth_vnd) is distinct from (1::bigint, money_vnd::bigint, invoice.worth_vnd::bigint)

-- name: lines_are_metered_once
-- truth 4: Each line that was had and is paid by its use is metered from the order's minute on, once.
-- of: checkout.line where status = 'done' and metered is not null
-- settles
select order_id || '/' || line.resource_id as id,
  coalesce(found, 0) || ' intervals of use from ' || date_trunc('minute', placed_at, 'UTC') || ' on' as found
from checkout.line join checkout."order" using (order_id)
left join (
  select resource_id, starts_at, flavor, quantity, price_vnd, count(*) as found
  from invoicing.usage group by resource_id, starts_at, flavor, quantity, price_vnd
) as usage on usage.resource_id = line.resource_id and starts_at = date_trunc('minute', placed_at, 'UTC')
  and (usage.flavor, usage.quantity, price_vnd) = (line.flavor, line.quantity, (metered ->> 'vnd')::bigint)
where line.status = 'done' and metered is not null and coalesce(found, 0) <> 1

-- name: charged_is_invoiced_or_given_back
-- truth 5: What an order that has ended was charged is its invoices (of a POC order: its lines) and what was given back.
-- of: checkout."order" where status in ('completed', 'partly_completed', 'cancelled') and pay not in ('hold', 'none')
-- settles
select order_id as id,
  'charged ' || amount_vnd || ' VND, given back ' || charge.given_back_vnd || ', '
  || case pay when 'poc' then 'had ' || coalesce(had_vnd, 0) else 'invoiced ' || coalesce(money_vnd, 0) end as found
from checkout."order" join hold.charge as charge using (order_id)
left join (
  select order_id, sum(money_vnd) as money_vnd from invoicing.invoice group by order_id
) as invoice using (order_id)
left join (
  select order_id, sum(greatest((line ->> 'amount')::bigint, 0)) as had_vnd
  from checkout.line where status = 'done' group by order_id
) as line using (order_id)
where status in ('completed', 'partly_completed', 'cancelled')
  and amount_vnd - charge.given_back_vnd <> coalesce(case pay when 'poc' then had_vnd else money_vnd end, 0)

-- name: stopped_is_refunded
-- truth 4: What was stopped gave its unused POC value back to the POC wallet, once, as of the order's instant.
-- of: checkout.line join checkout."order" using (order_id) where action = 'stop_poc' and line.status = 'done'
-- settles
select order_id || '/' || stopped.resource_id as id,
  'unused ' || unused_vnd || ' VND, given back ' || coalesce(returned_vnd, 0) || ' in ' || coalesce(times, 0) || ' times' as found
from (
  select order_id, account_id, resource_id, stopped_at, coalesce(sum(
    case
      when stopped_at < starts then worth_vnd
      when rest <= 0 then 0
      else least(worth_vnd, div(2 * worth_vnd::numeric * rest + whole, 2 * whole))
    end
  ), 0) as unused_vnd
  from (
    select order_id, account_id, resource_id, stopped_at, worth_vnd, starts,
      extract(epoch from ends - date_trunc('minute', stopped_at, 'UTC')) / 60 as rest,
      extract(epoch from ends - starts) / 60 as whole
    from (
      select stop.order_id, stop.account_id, stopped.resource_id, stop.placed_at as stopped_at,
        worth_vnd, starts, ends
      from checkout."order" as stop
      join checkout.line as stopped on stopped.order_id = stop.order_id and stopped.status = 'done'
      -- The periods the POC wallet had paid by then: the last that was bought anew or resized, and renewals since.
      left join (
        select line.resource_id, bought.placed_at as bought_at,
          greatest((line.line ->> 'amount')::bigint + coalesce((line.line ->> 'carried')::bigint, 0), 0) as worth_vnd,
          (line.line ->> 'starts')::timestamptz as starts, (line.line ->> 'until')::timestamptz as ends,
          max(bought.placed_at) filter (where bought.action <> 'renew') over (
            partition by line.resource_id order by bought.placed_at rows between 1 following and unbounded following
          ) as replaced_at
        from checkout.line join checkout."order" as bought using (order_id)
        where bought.pay = 'poc' and line.status = 'done'
      ) as term on term.resource_id = stopped.resource_id and term.bought_at <= stop.placed_at
        and (term.replaced_at is null or term.replaced_at > stop.placed_at)
      where stop.action = 'stop_poc'
    ) as term
  ) as term
  group by order_id, account_id, resource_id, stopped_at
) as stopped
left join (
  select account_id, reference as resource_id, effective_at as stopped_at, sum(amount_vnd) as returned_vnd, count(*) as times
  from hold.ledger_entry where kind = 'poc_refund' and line = 1 group by account_id, reference, effective_at
) as returned using (account_id, resource_id, stopped_at)
where unused_vnd <> coalesce(returned_vnd, 0) or coalesce(times, 0) <> (unused_vnd > 0)::int

-- name: sales_are_invoices
-- truth 5: What sales have of an account is its invoices and open orders, less what came back as credit unused.
-- of: hold.account
-- settles
select account_id || '@' || ledger_sequence as id,
  'sales ' || coalesce(sales_vnd, 0) || ' VND, invoiced ' || coalesce(money_vnd, 0) || ', paid of use '
  || coalesce(paid_vnd, 0) || ', returned '
  || coalesce(unused_vnd, 0) + coalesce(less_vnd, 0) + coalesce(too_much_vnd, 0) || ', open ' || coalesce(open_vnd, 0) as found
from hold.account
left join (
  select account_id, sum(amount_vnd) as sales_vnd from hold.ledger_entry where book = 'sales' group by account_id
) as sales using (account_id)
left join (
  select account_id, sum(money_vnd) filter (where line is not null) as money_vnd,
    -- A resize that costs less than the rest of the old size: the difference is credit.
    sum(greatest(-(line ->> 'amount')::bigint, 0)) as less_vnd
  from invoicing.invoice group by account_id
) as invoice using (account_id)
left join (
  select account_id, sum(unused_vnd) as unused_vnd from invoicing.closing where closed_by <> 'resize' group by account_id
) as closing using (account_id)
left join (
  -- What is paid by its use counts once it is paid.
  select account_id, sum(amount_vnd) as paid_vnd from invoicing.payment group by account_id
) as payment using (account_id)
left join (
  -- Recorded too much before an end became known, and not taken off an invoice.
  select account_id, -sum(amount_vnd) as too_much_vnd from invoicing.use_line where invoice_id is null group by account_id
) as use using (account_id)
left join (
  -- What open orders were charged is not invoiced yet.
  select charge.account_id, sum(amount_vnd - charge.given_back_vnd - coalesce(money_vnd, 0)) as open_vnd
  from hold.charge as charge join checkout."order" using (order_id)
  left join (
    select order_id, sum(money_vnd) as money_vnd from invoicing.invoice group by order_id
  ) as had using (order_id)
  where wallet = 'credit' and status in ('awaiting_payment', 'paid', 'provisioning')
  group by charge.account_id
) as waiting using (account_id)
where coalesce(sales_vnd, 0)
  <> coalesce(money_vnd, 0) + coalesce(paid_vnd, 0) - coalesce(less_vnd, 0) - coalesce(unused_vnd, 0)
  - coalesce(too_much_vnd, 0) + coalesce(open_vnd, 0)

-- name: payments_are_booked
-- truth 5: What invoices say was paid of them after they were issued is what hold has booked for them, to the VND.
-- of: invoicing.payment
-- settles
select coalesce(paid.invoice_id, booked.reference) as id,
  'paid ' || coalesce(paid_vnd, 0) || ' VND, in the ledger ' || coalesce(booked_vnd, 0) as found
from (
  select account_id, invoice_id::text, sum(amount_vnd) as paid_vnd from invoicing.payment group by account_id, invoice_id
) as paid
full join (
  select account_id, reference, -sum(amount_vnd) as booked_vnd
  from hold.ledger_entry where line = 1 and kind in ('settle', 'payment') group by account_id, reference
) as booked on booked.account_id = paid.account_id and booked.reference = paid.invoice_id
where paid_vnd is distinct from booked_vnd

-- name: use_is_metered_alike
-- truth 6: What goes on being used out of held credit, hold counts as invoicing records it: the same size, at the same price.
-- of: hold.meter
-- settles
select coalesce(meter.account_id, usage.account_id) || '/' || coalesce(meter.resource_id, usage.resource_id) as id,
  'hold counts ' || coalesce(meter.quantity || ' at ' || meter.vnd || ' ' || meter.per, 'nothing') || '; invoicing records '
  || coalesce(usage.quantity || ' at ' || usage.price_vnd || ' ' || usage.per, 'nothing') as found
from (select * from hold.meter where vnd is not null) as meter
full join (
  select * from invoicing.usage
  where billing = 'hold' and not exists (select from invoicing.usage_end where usage_end.usage_id = usage.usage_id)
) as usage on usage.account_id = meter.account_id and usage.resource_id = meter.resource_id
where (meter.product, meter.vnd, meter.quantity, meter.per)
  is distinct from (usage.product, usage.price_vnd, usage.quantity, usage.per)
