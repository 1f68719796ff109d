-- What an operator reads of the books. Nothing here changes anything.

-- name: read_history
select sequence, effective_at as at, kind, book, amount_vnd as amount, balance_after_vnd as balance_after,
  reference, cause_id::text
from hold.ledger_entry
where account_id = $1 and balance_after_vnd is not null
order by sequence, line

-- name: add_up
-- One row: what the ledger says, and how often the accounts say otherwise.
with book as (
  select account_id, book, sum(amount_vnd) as balance_vnd from hold.ledger_entry group by account_id, book
), own as (
  select account_id,
    coalesce(sum(balance_vnd) filter (where book = 'credit'), 0) as credit_vnd,
    coalesce(sum(balance_vnd) filter (where book = 'poc'), 0) as poc_vnd
  from hold.account left join book using (account_id) group by account_id
)
select
  (select count(*) from hold.account) as accounts,
  (select count(*) from hold.ledger_entry where reference is not null) as deposits,
  (select coalesce(sum(credit_total_vnd), 0)::bigint from hold.account) as credit,
  (select coalesce(sum(amount_vnd), 0)::bigint from hold.ledger_entry) as out_of_balance,
  (select count(*) from hold.account join own using (account_id)
   where credit_total_vnd <> credit_vnd
     or poc_granted_vnd - poc_spent_vnd + poc_refunded_vnd - poc_expired_vnd <> poc_vnd) as accounts_that_differ
