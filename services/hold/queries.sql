-- What hold reads and writes: one statement per table and batch.

-- name: lock_accounts
select account_id, mode, email, credit_total_vnd, credit_held_vnd,
  poc_until, poc_granted_vnd, poc_spent_vnd, poc_refunded_vnd, poc_expired_vnd, ledger_sequence, event_sequence
from hold.account
where account_id = any($1::text[])
order by account_id
for update;

-- name: find_deposits
-- One look into the index for each, whatever the planner believes of the ledger's size: a join might read all of it.
select asked.account_id, asked.reference
from unnest($1::text[], $2::text[]) as asked (account_id, reference)
cross join lateral (
  select from hold.ledger_entry as entry
  where entry.account_id = asked.account_id and entry.reference = asked.reference
  limit 1
) as counted;

-- name: add_accounts
-- Refused where another worker has opened one meanwhile: to update it would undo what was booked since.
insert into hold.account (
  account_id, mode, email, credit_total_vnd, credit_held_vnd,
  poc_until, poc_granted_vnd, poc_spent_vnd, poc_refunded_vnd, poc_expired_vnd, ledger_sequence, event_sequence
)
select * from unnest($1::hold.account_to_save[]);

-- name: save_accounts
insert into hold.account (
  account_id, mode, email, credit_total_vnd, credit_held_vnd,
  poc_until, poc_granted_vnd, poc_spent_vnd, poc_refunded_vnd, poc_expired_vnd, ledger_sequence, event_sequence
)
select * from unnest($1::hold.account_to_save[])
on conflict (account_id) do update set
  credit_total_vnd = excluded.credit_total_vnd,
  credit_held_vnd = excluded.credit_held_vnd,
  poc_until = excluded.poc_until,
  poc_granted_vnd = excluded.poc_granted_vnd,
  poc_spent_vnd = excluded.poc_spent_vnd,
  poc_refunded_vnd = excluded.poc_refunded_vnd,
  poc_expired_vnd = excluded.poc_expired_vnd,
  ledger_sequence = excluded.ledger_sequence,
  event_sequence = excluded.event_sequence;
