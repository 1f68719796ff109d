-- Orders are charged, credit is held for metered products, and both are given back.

alter table hold.ledger_entry drop constraint ledger_entry_kind_check;
alter table hold.ledger_entry add constraint ledger_entry_kind_check check (
  kind in ('deposit', 'charge', 'refund', 'poc_grant', 'poc_charge', 'poc_refund', 'poc_expiry')
);
alter table hold.ledger_entry drop constraint ledger_entry_book_check;
alter table hold.ledger_entry add constraint ledger_entry_book_check check (
  book in ('credit', 'poc', 'bank', 'sales', 'poc_granted', 'poc_expired', 'poc_used')
);

-- A payment's reference is counted once; an order may be given back many times, and its id be some payment's reference.
drop index hold.ledger_entry_reference;
create unique index ledger_entry_reference on hold.ledger_entry (account_id, reference)
where kind = 'deposit' and reference is not null;
comment on column hold.ledger_entry.reference is
  'On line 1: the payment''s reference, counted once per account; else the order or the resource that was paid for.';

-- With a default: a worker that does not know the column may still open accounts meanwhile.
alter table hold.account add column product_holds smallint not null default 0 check (product_holds >= 0);
comment on column hold.account.product_holds is
  'For how many metered products credit was ever held: only where there are any are their rows read.';
grant update (product_holds) on hold.account to stoppoc_hold;

create type hold.account_with_holds_to_save as (
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
  product_holds smallint,
  event_sequence bigint
);

-- What follows has no foreign key to the account either: whoever writes a row here has locked the account's row.
create table hold.product_hold (
  account_id text collate "C" not null,
  product text collate "C" not null,
  actual_vnd bigint not null check (actual_vnd >= 0),
  estimate_vnd bigint not null check (estimate_vnd >= 0),
  held_vnd bigint not null check (held_vnd >= 0),
  debt_vnd bigint not null check (debt_vnd >= 0),
  primary key (account_id, product),
  constraint held_and_debt_are_what_is_needed check (held_vnd + debt_vnd = actual_vnd + estimate_vnd)
);
comment on table hold.product_hold is 'What an account holds for a metered product; their sum is the account''s credit_held_vnd.';
comment on column hold.product_hold.actual_vnd is 'Its use since the month began or was last settled.';
comment on column hold.product_hold.estimate_vnd is 'What the next days cost as it is configured now.';
comment on column hold.product_hold.debt_vnd is 'What should be held too, and is not there.';

create table hold.charge (
  account_id text collate "C" not null,
  order_id text collate "C" not null,
  wallet text not null check (wallet in ('credit', 'poc')),
  amount_vnd bigint not null check (amount_vnd >= 0),
  given_back_vnd bigint not null check (given_back_vnd between 0 and amount_vnd),
  primary key (account_id, order_id)
);
comment on table hold.charge is 'What each order was charged, once, and how much of that was given back for lines that failed.';

create table hold.order_hold (
  account_id text collate "C" not null,
  order_id text collate "C" not null,
  product text collate "C" not null,
  amount_vnd bigint not null check (amount_vnd >= 0),
  released_vnd bigint not null check (released_vnd between 0 and amount_vnd),
  primary key (account_id, order_id, product)
);
comment on table hold.order_hold is 'What each order held for a product, once, and how much of that was let go for lines that failed.';

-- What was charged and held stays as it was: only what came back since is counted on.
grant select, insert on hold.product_hold, hold.charge, hold.order_hold to stoppoc_hold;
grant update (actual_vnd, estimate_vnd, held_vnd, debt_vnd) on hold.product_hold to stoppoc_hold;
grant update (given_back_vnd) on hold.charge to stoppoc_hold;
grant update (released_vnd) on hold.order_hold to stoppoc_hold;
