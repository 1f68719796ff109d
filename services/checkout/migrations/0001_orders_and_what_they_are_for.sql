-- Orders and their lines, coupons and prices; and what other services tell of accounts, clusters and resources.

-- Ids compare as bytes, everywhere alike: rows are locked in this order.
create table checkout."order" (
  order_id text collate "C" primary key,
  subject text collate "C" not null,
  account_id text not null,
  action text not null check (action in ('stop_poc', 'buy', 'renew', 'resize', 'recover')),
  pay text not null,
  status text not null check (
    status in ('awaiting_payment', 'paid', 'provisioning', 'completed', 'partly_completed', 'cancelled')
  ),
  total_vnd bigint not null check (total_vnd >= 0),
  lines integer not null check (lines > 0),
  placed_at timestamptz not null,
  cluster_id text,
  coupon text,
  received_vnd bigint not null,
  given_back_vnd bigint not null,
  done integer not null check (done >= 0),
  failed integer not null check (failed >= 0),
  spared integer not null,
  left_poc integer not null,
  holds jsonb not null,
  failures jsonb not null,
  version bigint not null,
  event_sequence bigint not null,
  constraint paid_once_and_whole check (received_vnd in (0, total_vnd)),
  constraint no_more_given_back_than_paid check (given_back_vnd between 0 and total_vnd),
  constraint no_line_resolved_twice check (done + failed <= lines),
  constraint ended_when_all_lines_are check (
    (done + failed = lines) = (status in ('completed', 'partly_completed', 'cancelled'))
  )
-- Room on each page for the next version of its rows: an order's counters change with each batch of answers.
) with (fillfactor = 70);
comment on table checkout."order" is 'One row per order: how it stands. Its lines are read only when it is paid, called off, or answered.';
comment on column checkout."order".subject is 'The key of its messages: the cluster, else the first resource named, else the account.';
comment on column checkout."order".received_vnd is 'What was charged for it; 0 until it is, and where credit is held instead.';
comment on column checkout."order".spared is 'How many of those that failed had stopped being POC elsewhere: no failure.';
comment on column checkout."order".left_poc is 'How many resources of its cluster it leaves POC.';
comment on column checkout."order".holds is 'What is to be held for each metered product, and whether it is.';
comment on column checkout."order".failures is 'The first of its failures, told with its end.';
comment on column checkout."order".event_sequence is 'The number of the last event published about the order.';

create index order_subject on checkout."order" (subject);

-- No foreign key to the order: its row is locked by whoever writes here, and the check would cost a look-up per line.
create table checkout.line (
  order_id text collate "C" not null,
  number integer not null check (number > 0),
  resource_id text not null,
  kind text not null,
  flavor text not null,
  quantity integer not null check (quantity > 0),
  line jsonb,
  metered jsonb,
  cluster_id text,
  auto_renew boolean not null,
  months smallint not null,
  status text not null check (status in ('pending', 'done', 'failed')),
  reason text,
  version bigint not null,
  primary key (order_id, number)
) with (fillfactor = 90);
comment on table checkout.line is 'One row per order and resource: its price, and whether it is done.';

create table checkout.item (
  resource_id text collate "C" primary key,
  account_id text not null,
  kind text not null,
  flavor text not null,
  quantity integer not null,
  cluster_id text collate "C",
  billing text not null check (billing in ('poc', 'prepaid', 'hold')),
  status text not null,
  until timestamptz,
  terms jsonb not null,
  metered jsonb,
  trash_until timestamptz,
  version bigint not null,
  open_order text collate "C",
  open_line integer not null
) with (fillfactor = 80);
comment on table checkout.item is 'One row per resource, as lifecycle tells it, and the order that has it in hand.';
comment on column checkout.item.version is 'The version lifecycle told; 0 where it was bought, and not told of yet.';
comment on column checkout.item.open_order is 'The order that waits for something of it: no other is placed on it.';

create index item_cluster on checkout.item (cluster_id) where cluster_id is not null;
create index item_open_order on checkout.item (open_order) where open_order is not null;

create table checkout.cluster (
  cluster_id text collate "C" primary key,
  account_id text not null,
  poc boolean not null,
  version bigint not null
);
comment on table checkout.cluster is 'One row per cluster, as lifecycle tells it.';

create table checkout.account (
  account_id text collate "C" primary key,
  mode text not null,
  poc_until timestamptz
);
comment on table checkout.account is 'One row per account, as hold tells it.';

create table checkout.coupon (
  code text collate "C" primary key,
  amount_vnd bigint not null check (amount_vnd > 0),
  products text[] not null,
  until timestamptz,
  uses integer,
  used integer not null check (used >= 0),
  event_sequence bigint not null,
  constraint no_more_used_than_granted check (uses is null or used <= uses)
) with (fillfactor = 70);
comment on table checkout.coupon is 'One row per coupon: what it is for, and how many orders use it.';

create table checkout.price (
  kind text collate "C" not null,
  flavor text collate "C" not null,
  versions jsonb not null,
  primary key (kind, flavor)
);
comment on table checkout.price is 'One row per priced thing: all versions of its price, oldest first.';

-- What the store writes, each as one array of rows; not the tables' own row types, so that a column can be added while
-- workers that do not know it are still writing.
create type checkout.order_to_save as (
  order_id text, subject text, account_id text, action text, pay text, status text, total_vnd bigint, lines integer,
  placed_at timestamptz, cluster_id text, coupon text, received_vnd bigint, given_back_vnd bigint, done integer,
  failed integer, spared integer, left_poc integer, holds jsonb, failures jsonb, version bigint, event_sequence bigint
);
create type checkout.line_to_save as (order_id text, number integer, status text, reason text, version bigint);
create type checkout.item_to_save as (
  resource_id text, account_id text, kind text, flavor text, quantity integer, cluster_id text, billing text,
  status text, until timestamptz, terms jsonb, metered jsonb, trash_until timestamptz, version bigint,
  open_order text, open_line integer
);
create type checkout.cluster_to_save as (cluster_id text, account_id text, poc boolean, version bigint);
create type checkout.account_to_save as (account_id text, mode text, poc_until timestamptz);
create type checkout.coupon_to_save as (
  code text, amount_vnd bigint, products text[], until timestamptz, uses integer, used integer, event_sequence bigint
);
create type checkout.price_to_save as (kind text, flavor text, versions jsonb);

-- What was ordered, and at what price, stays as it was placed; what a coupon is for stays as it was granted.
grant select, insert on checkout."order", checkout.line, checkout.coupon to stoppoc_checkout;
grant update (
  status, received_vnd, given_back_vnd, done, failed, spared, left_poc, holds, failures, version, event_sequence
) on checkout."order" to stoppoc_checkout;
grant update (status, reason, version) on checkout.line to stoppoc_checkout;
grant update (used, event_sequence) on checkout.coupon to stoppoc_checkout;
grant select, insert, update on checkout.item, checkout.cluster, checkout.account, checkout.price to stoppoc_checkout;
