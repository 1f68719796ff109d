-- Orders that are paid from outside, and every word of a gateway about them.

-- Ids compare as bytes, everywhere alike: rows are locked in this order.
create table payments.payment (
  order_id text collate "C" primary key,
  account_id text not null,
  shard smallint not null,
  pay text not null check (pay in ('top_up', 'gateway', 'on_behalf')),
  gateway text not null,
  payer_email text,
  total_vnd bigint not null check (total_vnd > 0),
  asked_at timestamptz not null,
  until timestamptz not null,
  status text not null check (
    status in ('reserving', 'asking', 'pending', 'charging', 'paid', 'failed', 'abandoned', 'credited', 'closed')
  ),
  reserved_vnd bigint not null check (reserved_vnd between 0 and total_vnd),
  amount_vnd bigint not null check (amount_vnd >= 0),
  received_vnd bigint not null,
  transaction text not null,
  pay_url text not null,
  next_at timestamptz,
  version bigint not null,
  event_sequence bigint not null,
  constraint received_once_and_whole check (received_vnd in (0, amount_vnd)),
  constraint paid_is_received check (status not in ('charging', 'paid') or reserved_vnd + received_vnd >= total_vnd),
  constraint credited_is_received check (status <> 'credited' or received_vnd > 0)
) with (fillfactor = 70);
comment on table payments.payment is 'One row per order that is paid from outside: how its payment stands.';
comment on column payments.payment.reserved_vnd is 'What was set aside of the credit for it.';
comment on column payments.payment.amount_vnd is 'What a gateway is asked for; 0 until it is.';
comment on column payments.payment.transaction is 'The gateway''s own number of the payment.';
comment on column payments.payment.next_at is 'When the gateway is asked again; null where it is not.';
comment on column payments.payment.event_sequence is 'The number of the last event published about it.';

create index payment_next on payments.payment (shard, next_at) where next_at is not null;

create table payments.told (
  message_id uuid primary key,
  order_id text collate "C" not null,
  gateway text not null,
  told_by text not null check (told_by in ('create', 'query', 'callback')),
  outcome text not null,
  verdict text not null,
  amount_vnd bigint not null,
  transaction text not null,
  code text not null,
  raw text not null,
  told_at timestamptz not null
);
comment on table payments.told is 'One row per word of a gateway: what it said, and whether it counted. Never changed.';
comment on column payments.told.message_id is 'The message that told it; the same bytes twice are one message.';
comment on column payments.told.raw is 'The body that came, where it came by callback.';

create index told_order on payments.told (order_id);

-- What the store writes, as one array of rows; not the table's own row type, so that a column can be added while workers
-- that do not know it are still writing.
create type payments.payment_to_save as (
  order_id text, account_id text, shard smallint, pay text, gateway text, payer_email text, total_vnd bigint,
  asked_at timestamptz, until timestamptz, status text, reserved_vnd bigint, amount_vnd bigint, received_vnd bigint,
  transaction text, pay_url text, next_at timestamptz, version bigint, event_sequence bigint
);

-- What was asked for stays as it was; what was told is only ever added to.
grant select, insert on payments.payment, payments.told to stoppoc_payments;
grant update (
  status, reserved_vnd, amount_vnd, received_vnd, transaction, pay_url, next_at, version, event_sequence
) on payments.payment to stoppoc_payments;
