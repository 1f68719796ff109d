-- What an operator reads of the books. Nothing here changes anything.

-- name: read_account
select jsonb_build_object(
  'account', account_id, 'mode', mode, 'email', email,
  'credit', jsonb_build_object(
    'total', credit_total_vnd, 'held', credit_held_vnd, 'available', credit_total_vnd - credit_held_vnd
  ),
  'poc', case when poc_until is not null then jsonb_build_object(
    'granted', poc_granted_vnd, 'balance', poc_granted_vnd - poc_spent_vnd + poc_refunded_vnd - poc_expired_vnd,
    'until', poc_until, 'enabled', not poc_ended
  ) end,
  'holds', (
    select coalesce(jsonb_agg(jsonb_build_object(
      'product', product, 'actual', actual_vnd, 'estimate', estimate_vnd, 'held', held_vnd, 'debt', debt_vnd,
      'debt_days', debt_days, 'counted_until', counted_until
    ) order by product), '[]') from hold.product_hold where product_hold.account_id = account.account_id
  )
)::text
from hold.account where account_id = $1

-- name: read_meters
select product, resource_id as resource, quantity, vnd, per, since_at as since,
  (select coalesce(sum((month ->> 1)::bigint), 0) from jsonb_array_elements(closed) as month)::bigint as before
from hold.meter where account_id = $1
order by product, resource_id

-- name: read_history
select sequence, effective_at as at, kind, book, amount_vnd as amount, balance_after_vnd as balance_after,
  reference, cause_id::text
from hold.ledger_entry
where account_id = $1 and balance_after_vnd is not null
order by sequence, line

-- name: add_up
-- One row: what the ledger says, and how often the accounts, their charges and their holds say otherwise.
with book as (
  select account_id, kind, book, sum(amount_vnd) as balance_vnd from hold.ledger_entry group by account_id, kind, book
), own as (
  select account_id,
    coalesce(sum(balance_vnd) filter (where book = 'credit'), 0) as credit_vnd,
    coalesce(sum(balance_vnd) filter (where book = 'poc'), 0) as poc_vnd,
    -coalesce(sum(balance_vnd) filter (where book = 'poc_granted'), 0) as granted_vnd,
    coalesce(sum(balance_vnd) filter (where book = 'poc_used' and kind = 'poc_charge'), 0) as spent_vnd,
    -coalesce(sum(balance_vnd) filter (where book = 'poc_used' and kind = 'poc_refund'), 0) as refunded_vnd,
    coalesce(sum(balance_vnd) filter (where book = 'poc_expired'), 0) as expired_vnd,
    coalesce(sum(balance_vnd) filter (where book = 'sales' and kind = 'charge'), 0) as sold_vnd,
    -coalesce(sum(balance_vnd) filter (where book = 'sales' and kind = 'refund'), 0) as returned_vnd
  from hold.account left join book using (account_id) group by account_id
), charged as (
  select account_id,
    sum(amount_vnd) filter (where wallet = 'credit') as credit_vnd,
    sum(amount_vnd) filter (where wallet = 'poc') as poc_vnd,
    sum(given_back_vnd) filter (where wallet = 'credit') as credit_back_vnd,
    sum(given_back_vnd) filter (where wallet = 'poc') as poc_back_vnd
  from hold.charge group by account_id
), held as (
  select account_id, count(*) as products, sum(held_vnd) as held_vnd from hold.product_hold group by account_id
), reserved as (
  select account_id, sum(left_vnd) as left_vnd from hold.reserve group by account_id
)
select
  (select count(*) from hold.account) as accounts,
  (select count(*) from hold.ledger_entry where kind = 'deposit' and reference is not null) as deposits,
  (select coalesce(sum(credit_total_vnd), 0)::bigint from hold.account) as credit,
  (select coalesce(sum(amount_vnd), 0)::bigint from hold.ledger_entry) as out_of_balance,
  (select count(*) from hold.account
   join own using (account_id) left join charged using (account_id) left join held using (account_id) left join reserved using (account_id)
   where credit_total_vnd <> own.credit_vnd
     or poc_granted_vnd - poc_spent_vnd + poc_refunded_vnd - poc_expired_vnd <> own.poc_vnd
     or (poc_granted_vnd, poc_spent_vnd) <> (granted_vnd, spent_vnd)
     or (poc_refunded_vnd, poc_expired_vnd) <> (refunded_vnd, expired_vnd)
     or (sold_vnd, spent_vnd) <> (coalesce(charged.credit_vnd, 0), coalesce(charged.poc_vnd, 0))
     or returned_vnd < coalesce(credit_back_vnd, 0) or refunded_vnd < coalesce(poc_back_vnd, 0)
     or (product_holds, credit_held_vnd) <> (coalesce(products, 0), coalesce(held_vnd, 0) + coalesce(left_vnd, 0))
     or credit_held_vnd > credit_total_vnd
  ) as accounts_that_differ
