-- What holds of accounts, their wallets and the ledger.

-- name: transactions_sum_to_zero
-- truth 1: Every transaction of the ledger is whole and sums to zero.
-- of: hold.ledger_entry where line = 1
select account_id || '/' || sequence as id, count(*) || ' lines sum to ' || sum(amount_vnd) || ' VND' as found
from hold.ledger_entry group by account_id, sequence
having sum(amount_vnd) <> 0 or min(line) <> 1 or max(line) <> count(*) or count(distinct cause_id) > 1

-- name: book_sums_to_zero
-- truth 1: The whole book sums to zero.
-- of: hold.ledger_entry
select 'ledger' as id, sum(amount_vnd) || ' VND' as found from hold.ledger_entry having sum(amount_vnd) <> 0

-- name: transactions_have_no_gap
-- truth 1: An account's transactions are numbered from 1 without a gap, up to the number its account knows.
-- of: hold.account
select account_id as id,
  coalesce(entries.count, 0) || ' transactions up to ' || coalesce(entries.last, 0) || ', the account knows '
  || coalesce(ledger_sequence::text, 'nothing of them') as found
from hold.account full join (
  select account_id, count(*) filter (where line = 1) as count, max(sequence) as last from hold.ledger_entry group by account_id
) as entries using (account_id)
where (coalesce(entries.count, 0), coalesce(entries.last, 0)) is distinct from (ledger_sequence, ledger_sequence)

-- name: balances_follow_their_entries
-- truth 1: The balance after each entry is the sum of the entries up to it.
-- of: hold.ledger_entry where balance_after_vnd is not null
select account_id || '/' || sequence || '/' || line as id,
  book || ' stood at ' || balance_after_vnd || ' VND, its entries sum to ' || sum_vnd as found
from (
  select account_id, sequence, line, book, balance_after_vnd,
    case book
      when 'credit' then sum(case book when 'credit' then amount_vnd else 0 end) over upto
      else sum(case book when 'poc' then amount_vnd else 0 end) over upto
    end as sum_vnd
  from hold.ledger_entry
  window upto as (partition by account_id order by sequence, line rows unbounded preceding)
) as entry
where balance_after_vnd <> sum_vnd

-- name: wallets_equal_their_entries
-- truth 1: Both wallets of an account stand at the sum of their entries.
-- of: hold.account
select account_id as id,
  'credit ' || credit_total_vnd || ' VND, entries ' || coalesce(credit_vnd, 0) || '; POC '
  || poc_granted_vnd - poc_spent_vnd + poc_refunded_vnd - poc_expired_vnd || ' VND, entries ' || coalesce(poc_vnd, 0) as found
from hold.account left join (
  select account_id, sum(amount_vnd) filter (where book = 'credit') as credit_vnd,
    sum(amount_vnd) filter (where book = 'poc') as poc_vnd
  from hold.ledger_entry group by account_id
) as entries using (account_id)
where credit_total_vnd <> coalesce(credit_vnd, 0)
  or poc_granted_vnd - poc_spent_vnd + poc_refunded_vnd - poc_expired_vnd <> coalesce(poc_vnd, 0)

-- name: poc_wallets_add_up
-- truth 2: Granted = spent - refunded + expired + left, each the sum of its entries, and none below zero.
-- of: hold.account where poc_until is not null
select account_id as id,
  'granted, spent, refunded, expired ' || array[poc_granted_vnd, poc_spent_vnd, poc_refunded_vnd, poc_expired_vnd]::text
  || ', entries ' || array[coalesce(granted, 0), coalesce(spent, 0), coalesce(refunded, 0), coalesce(expired, 0)]::text as found
from hold.account left join (
  select account_id, sum(amount_vnd) filter (where kind = 'poc_grant') as granted,
    -sum(amount_vnd) filter (where kind = 'poc_charge') as spent,
    sum(amount_vnd) filter (where kind = 'poc_refund') as refunded,
    -sum(amount_vnd) filter (where kind = 'poc_expiry') as expired
  from hold.ledger_entry where book = 'poc' group by account_id
) as entries using (account_id)
where (poc_granted_vnd, poc_spent_vnd, poc_refunded_vnd, poc_expired_vnd)
    <> (coalesce(granted, 0), coalesce(spent, 0), coalesce(refunded, 0), coalesce(expired, 0))
  or least(poc_granted_vnd, poc_spent_vnd, poc_refunded_vnd, poc_expired_vnd, poc_spent_vnd - poc_refunded_vnd) < 0

-- name: kinds_move_their_books
-- truth 2: What comes into and goes out of a wallet does so by the books of its kind, in the right direction.
-- of: hold.ledger_entry where line = 1
select account_id || '/' || sequence || '/' || line as id, kind || ' moved ' || book || ' by ' || amount_vnd as found
from hold.ledger_entry
where (kind, book, sign(amount_vnd)) not in (
  ('deposit', 'credit', 1), ('deposit', 'bank', -1),
  ('charge', 'credit', -1), ('charge', 'sales', 1), ('refund', 'credit', 1), ('refund', 'sales', -1),
  ('settle', 'credit', -1), ('settle', 'sales', 1), ('payment', 'credit', -1), ('payment', 'sales', 1),
  ('poc_grant', 'poc', 1), ('poc_grant', 'poc_granted', -1), ('poc_expiry', 'poc', -1), ('poc_expiry', 'poc_expired', 1),
  ('poc_charge', 'poc', -1), ('poc_charge', 'poc_used', 1), ('poc_refund', 'poc', 1), ('poc_refund', 'poc_used', -1)
)

-- name: held_is_the_sum_of_holds
-- truth 2: What is held of the credit is the sum of the open holds.
-- of: hold.account
select account_id as id,
  'held ' || credit_held_vnd || ' VND in ' || product_holds || ', the holds ' || coalesce(held_vnd, 0) + coalesce(left_vnd, 0) || ' in ' || coalesce(holds, 0) as found
from hold.account left join (
  select account_id, sum(held_vnd) as held_vnd, count(*) as holds from hold.product_hold group by account_id
) as hold using (account_id) left join (
  select account_id, sum(left_vnd) as left_vnd from hold.reserve group by account_id
) as reserve using (account_id)
where (credit_held_vnd, product_holds) <> (coalesce(held_vnd, 0) + coalesce(left_vnd, 0), coalesce(holds, 0))

-- name: held_is_within_the_credit
-- truth 2: No more is held than there is, and no wallet is below zero.
-- of: hold.account
select account_id as id, 'held ' || credit_held_vnd || ' VND of ' || credit_total_vnd as found
from hold.account where credit_held_vnd not between 0 and credit_total_vnd
  or poc_granted_vnd - poc_spent_vnd + poc_refunded_vnd - poc_expired_vnd < 0

-- name: charges_are_booked
-- truth 5: What an order was charged is in the ledger, once; what came back of it too.
-- of: hold.charge
select account_id || '/' || order_id as id,
  'charged ' || coalesce(amount_vnd, 0) || ' VND, booked ' || coalesce(booked_vnd, 0) || '; given back '
  || coalesce(given_back_vnd, 0) || ', booked ' || coalesce(returned_vnd, 0) as found
from hold.charge full join (
  select account_id, reference as order_id,
    -coalesce(sum(amount_vnd) filter (where kind in ('charge', 'poc_charge')), 0) as booked_vnd,
    coalesce(sum(amount_vnd) filter (where kind in ('refund', 'poc_refund')), 0) as returned_vnd
  from hold.ledger_entry
  where line = 1 and kind in ('charge', 'poc_charge', 'refund', 'poc_refund')
  group by account_id, reference
) as entries using (account_id, order_id)
where coalesce(amount_vnd, 0) <> coalesce(booked_vnd, 0)
  -- What was not used of a resource comes back too, under the order that ended its period.
  or coalesce(given_back_vnd, 0) > coalesce(returned_vnd, 0)

-- name: reserves_are_what_orders_left
-- truth 2: What a product has in reserve is what its orders have left: not let go, and not taken by a resource.
-- of: hold.product_hold
select coalesce(hold.account_id, orders.account_id) || '/' || coalesce(hold.product, orders.product) as id,
  'in reserve ' || coalesce(reserved_vnd, 0) || ' VND, the orders left ' || coalesce(left_vnd, 0) as found
from hold.product_hold as hold full join (
  select account_id, product, sum(amount_vnd - released_vnd - taken_vnd) as left_vnd
  from hold.order_hold group by account_id, product
) as orders using (account_id, product)
where coalesce(reserved_vnd, 0) <> coalesce(left_vnd, 0) or reserved_vnd > estimate_vnd

-- name: use_is_what_the_meters_count
-- truth 6: The use a product is held for is what its meters count up to that minute: each month, configuration and part by itself.
-- of: hold.product_hold
with piece as (
  select meter.*, greatest(since_at, month.starts_at) as starts_at, least(counted_until, month.ends_at) as ends_at
  from hold.meter join hold.product_hold using (account_id, product)
  cross join lateral (
    select local at time zone interval '7 hours' as starts_at,
      (local + interval '1 month') at time zone interval '7 hours' as ends_at
    from generate_series(
      date_trunc('month', since_at at time zone interval '7 hours'),
      counted_until at time zone interval '7 hours', interval '1 month'
    ) as local
  ) as month
  where per is not null and counted_until > since_at
), part as (
  select account_id, product, price.discount,
    case per
      when 'gb_hour' then price.vnd * quantity * (ceil(extract(epoch from ends_at) / 3600) - ceil(extract(epoch from starts_at) / 3600))
      else floor((2 * price.vnd * quantity * div(extract(epoch from ends_at - starts_at), 60) + 43200) / 86400)
    end as gross_vnd
  from piece cross join lateral (
    select (part ->> 'vnd')::numeric as vnd, coalesce((part ->> 'discount_percent')::int, 0) as discount
    from jsonb_array_elements(parts) as part
    union all
    select piece.vnd, 0 where parts = '[]'
  ) as price
), used as (
  select account_id, product, gross_vnd - floor((2 * gross_vnd * discount + 100) / 200) as vnd from part
  union all
  select account_id, product, (month ->> 1)::numeric from hold.meter, jsonb_array_elements(closed) as month
)
select coalesce(hold.account_id, total.account_id) || '/' || coalesce(hold.product, total.product) as id,
  'use ' || coalesce(actual_vnd, 0) || ' VND, the meters count ' || coalesce(total.vnd, 0) || ' up to '
  || coalesce(counted_until::text, 'never') as found
from hold.product_hold as hold full join (
  select account_id, product, sum(vnd) as vnd from used group by account_id, product
) as total using (account_id, product)
where coalesce(actual_vnd, 0) <> coalesce(total.vnd, 0)

-- name: nothing_is_available_in_debt
-- truth 2: While anything is short of what must be held, nothing is available.
-- of: hold.account where product_holds > 0
select account_id as id,
  'in debt ' || sum(debt_vnd) || ' VND, available ' || credit_total_vnd - credit_held_vnd as found
from hold.account join hold.product_hold using (account_id)
group by account_id having sum(debt_vnd) > 0 and credit_total_vnd > credit_held_vnd

-- name: payments_of_invoices_are_booked
-- truth 5: What was paid of an invoice out of holds and credit is in the ledger, and nothing else is.
-- of: hold.payment
select coalesce(paid.account_id, entries.account_id) || '/' || coalesce(paid.invoice_id, entries.invoice_id) as id,
  'paid ' || coalesce(paid.vnd, 0) || ' VND, booked ' || coalesce(entries.vnd, 0) as found
from (select account_id, invoice_id, sum(paid_vnd) as vnd from hold.payment group by account_id, invoice_id) as paid
full join (
  select account_id, reference as invoice_id, -sum(amount_vnd) as vnd
  from hold.ledger_entry where kind in ('settle', 'payment') and line = 1 group by account_id, reference
) as entries using (account_id, invoice_id)
where coalesce(paid.vnd, 0) <> coalesce(entries.vnd, 0)

-- name: poc_wallets_end
-- truth 2: A POC wallet that has ended holds nothing and waits for nothing; one that runs waits for its end, or a warning before it.
-- of: hold.account where poc_until is not null
select account_id as id,
  case when poc_ended then 'ended' else 'runs until ' || poc_until end || ', next at ' || coalesce(poc_next_at::text, 'never')
  || ', left ' || poc_granted_vnd - poc_spent_vnd + poc_refunded_vnd - poc_expired_vnd || ' VND' as found
from hold.account where poc_until is not null and case when poc_ended
  then poc_next_at is not null or poc_granted_vnd - poc_spent_vnd + poc_refunded_vnd - poc_expired_vnd <> 0
  else poc_next_at is null or poc_next_at > poc_until end
