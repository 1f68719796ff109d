-- Accounts as if each had been opened and topped up once: balances equal their entries, sequences have no gap.

-- name: seed_accounts
insert into hold.account (
  account_id, mode, email, credit_total_vnd, credit_held_vnd,
  poc_until, poc_granted_vnd, poc_spent_vnd, poc_refunded_vnd, poc_expired_vnd, ledger_sequence, event_sequence
)
select 'acc-' || lpad(nr::text, 7, '0'), 'prepaid', 'billing@acc.example', $3, 0, null, 0, 0, 0, 0, 1, 2
from generate_series($1::int, $2::int - 1) as nr;

-- name: seed_ledger
insert into hold.ledger_entry (
  account_id, sequence, line, kind, book, amount_vnd, balance_after_vnd, effective_at, cause_id, reference
)
select 'acc-' || lpad(nr::text, 7, '0'), 1, line, 'deposit',
  case line when 1 then 'credit' else 'bank' end,
  case line when 1 then $3::bigint else -$3::bigint end,
  case line when 1 then $3::bigint end,
  timestamptz '2026-01-01 00:00:00Z',
  md5(nr::text)::uuid,
  case line when 1 then 'SEED-' || nr end
from generate_series($1::int, $2::int - 1) as nr, generate_series(1, 2) as line
order by nr, line;

-- name: read_books
select
  (select count(*) from hold.ledger_entry) as ledger_rows,
  (select coalesce(sum(amount_vnd), 0) from hold.ledger_entry where book = 'credit')::bigint as ledger_credit_vnd,
  (select coalesce(sum(amount_vnd), 0) from hold.ledger_entry)::bigint as ledger_balance_vnd,
  (select coalesce(sum(credit_total_vnd), 0) from hold.account)::bigint as wallets_vnd,
  (select coalesce(sum(event_sequence), 0) from hold.account)::bigint as events_said,
  (select count(*) from hold.inbox) as inbox_rows,
  (select count(*) from hold.outbox) as outbox_rows;
