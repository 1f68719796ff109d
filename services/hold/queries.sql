-- name: lock_accounts
select account_id, mode, email, credit_total_vnd, credit_held_vnd,
  poc_until, poc_granted_vnd, poc_spent_vnd, poc_refunded_vnd, poc_expired_vnd, ledger_sequence, event_sequence
from hold.account
where account_id = any($1::text[])
order by account_id
for update

-- name: find_deposits
select account_id, reference
from unnest($1::text[], $2::text[]) as asked (account_id, reference)
join hold.ledger_entry using (account_id, reference)
where reference is not null

-- name: save_accounts
insert into hold.account (
  account_id, mode, email, credit_total_vnd, credit_held_vnd,
  poc_until, poc_granted_vnd, poc_spent_vnd, poc_refunded_vnd, poc_expired_vnd, ledger_sequence, event_sequence
)
select * from unnest(
  $1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[],
  $6::timestamptz[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[]
)
on conflict (account_id) do update set
  credit_total_vnd = excluded.credit_total_vnd,
  credit_held_vnd = excluded.credit_held_vnd,
  poc_until = excluded.poc_until,
  poc_granted_vnd = excluded.poc_granted_vnd,
  poc_spent_vnd = excluded.poc_spent_vnd,
  poc_refunded_vnd = excluded.poc_refunded_vnd,
  poc_expired_vnd = excluded.poc_expired_vnd,
  ledger_sequence = excluded.ledger_sequence,
  event_sequence = excluded.event_sequence

-- name: add_ledger_entries
insert into hold.ledger_entry (
  account_id, sequence, line, kind, book, amount_vnd, balance_after_vnd, effective_at, cause_id, reference
)
select * from unnest(
  $1::text[], $2::bigint[], $3::smallint[], $4::text[], $5::text[],
  $6::bigint[], $7::bigint[], $8::timestamptz[], $9::uuid[], $10::text[]
)
