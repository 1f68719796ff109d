-- The keys of everything that is told on a state topic, by service and state.

-- name: hold_account
select account_id as key from hold.account
