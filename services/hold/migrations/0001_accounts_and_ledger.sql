-- Accounts with their wallets, and the ledger that explains them.

-- Ids compare as bytes, everywhere alike: rows are locked in this order.
create table hold.account (
  account_id text collate "C" primary key,
  mode text not null check (mode in ('prepaid', 'postpaid')),
  email text not null,
  credit_total_vnd bigint not null check (credit_total_vnd >= 0),
  credit_held_vnd bigint not null check (credit_held_vnd >= 0),
  poc_until timestamptz,
  poc_granted_vnd bigint not null,
  poc_spent_vnd bigint not null,
  poc_refunded_vnd bigint not null,
  poc_expired_vnd bigint not null,
  ledger_sequence bigint not null,
  event_sequence bigint not null,
  constraint poc_is_prepaid_only check (mode = 'prepaid' or poc_until is null),
  constraint poc_has_an_end check (poc_until is not null or poc_granted_vnd = 0),
  constraint poc_left_is_not_negative check (poc_granted_vnd - poc_spent_vnd + poc_refunded_vnd - poc_expired_vnd >= 0)
-- Room on each page for the next version of its rows, and no second index: an update touches one page (HOT).
) with (fillfactor = 70);
comment on table hold.account is 'One row per account: how its wallets stand. Each balance is the sum of its ledger entries.';
comment on column hold.account.ledger_sequence is 'The account''s last ledger transaction.';
comment on column hold.account.event_sequence is 'The number of the last event published about the account.';

-- What the store writes, as one array of rows: half the cost of an array per column. Not the table's own row type,
-- so that a column can be added while workers that do not know it are still writing.
create type hold.account_to_save as (
  account_id text,
  mode text,
  email text,
  credit_total_vnd bigint,
  credit_held_vnd bigint,
  poc_until timestamptz,
  poc_granted_vnd bigint,
  poc_spent_vnd bigint,
  poc_refunded_vnd bigint,
  poc_expired_vnd bigint,
  ledger_sequence bigint,
  event_sequence bigint
);

-- No foreign key to the account: its row is locked by whoever writes here, and the check would cost a look-up per line.
create table hold.ledger_entry (
  account_id text collate "C" not null,
  sequence bigint not null check (sequence > 0),
  line smallint not null check (line > 0),
  kind text not null check (kind in ('deposit', 'poc_grant', 'poc_expiry')),
  book text not null check (book in ('credit', 'poc', 'bank', 'poc_granted', 'poc_expired')),
  amount_vnd bigint not null check (amount_vnd <> 0),
  balance_after_vnd bigint,
  effective_at timestamptz not null,
  cause_id uuid not null,
  reference text collate "C",
  primary key (account_id, sequence, line),
  constraint own_books_have_a_balance check ((book in ('credit', 'poc')) = (balance_after_vnd is not null))
);
comment on table hold.ledger_entry is 'Double entry: the lines of one (account, sequence) are one transaction and sum to zero. Never changed.';
comment on column hold.ledger_entry.sequence is 'The account''s transactions 1, 2, 3 ... in the order they happened.';
comment on column hold.ledger_entry.amount_vnd is 'How much the book''s balance rose; a book outside the account stands at minus what came from it.';
comment on column hold.ledger_entry.balance_after_vnd is 'The balance of the account''s own book after this line.';
comment on column hold.ledger_entry.cause_id is 'The message that caused the transaction.';
comment on column hold.ledger_entry.reference is 'The payment''s reference, on the first line of a deposit: counted once per account.';

create unique index ledger_entry_reference on hold.ledger_entry (account_id, reference) where reference is not null;

create function hold.refuse_unbalanced_transaction() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  broken record;
begin
  -- Line 1 can be inserted once: so every transaction comes whole, in one statement, and nothing is added to it later.
  select account_id, sequence, sum(amount_vnd) as total, min(line) as first_line into broken
  from inserted group by account_id, sequence having sum(amount_vnd) <> 0 or min(line) <> 1 limit 1;
  if found then
    raise exception 'transaction % of account % is not whole: its lines from % on sum to % VND',
      broken.sequence, broken.account_id, broken.first_line, broken.total using errcode = 'check_violation';
  end if;
  return null;
end $$;

create trigger transactions_sum_to_zero after insert on hold.ledger_entry
referencing new table as inserted for each statement execute function hold.refuse_unbalanced_transaction();

create function hold.refuse_change() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  raise exception 'the ledger is never changed: % refused', lower(tg_op) using errcode = 'restrict_violation';
end $$;

-- Not even by its owner.
create trigger entries_are_never_changed before update or delete or truncate on hold.ledger_entry
for each statement execute function hold.refuse_change();

revoke all on function hold.refuse_unbalanced_transaction(), hold.refuse_change() from public;

-- An account's id, mode and address stay as they were opened; the ledger is only ever added to.
grant select, insert on hold.account to stoppoc_hold;
grant update (
  credit_total_vnd, credit_held_vnd, poc_until, poc_granted_vnd, poc_spent_vnd, poc_refunded_vnd, poc_expired_vnd,
  ledger_sequence, event_sequence
) on hold.account to stoppoc_hold;
grant select, insert on hold.ledger_entry to stoppoc_hold;
