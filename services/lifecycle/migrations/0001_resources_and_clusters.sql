-- Resources, clusters, and the changes that wait for the provider.

-- Ids compare as bytes, everywhere alike: rows are locked in this order.
create table lifecycle.resource (
  resource_id text collate "C" primary key,
  account_id text not null,
  cluster_id text collate "C",
  kind text not null,
  flavor text not null,
  quantity integer not null check (quantity > 0),
  billing text not null check (billing in ('poc', 'prepaid', 'hold')),
  status text not null
    check (status in ('creating', 'active', 'grace', 'suspended', 'expired', 'trash', 'released')),
  starts_at timestamptz not null,
  ends_at timestamptz,
  auto_renew boolean not null,
  months smallint not null check (months > 0),
  terms jsonb not null,
  metered jsonb,
  trash_ends_at timestamptz,
  usage_reported_at timestamptz,
  version bigint not null check (version > 0),
  event_sequence bigint not null,
  constraint poc_is_not_renewed_by_itself check (billing <> 'poc' or not auto_renew),
  constraint what_is_metered_has_no_periods check (metered is null or (billing = 'hold' and terms = '[]'))
-- Room on each page for the next version of its rows.
) with (fillfactor = 70);
comment on table lifecycle.resource is 'One row per resource, for ever: what it is, how it is billed, until when, and where in its life it stands.';
comment on column lifecycle.resource.terms is 'The periods paid for and not given back: [{starts, until, paid}].';
comment on column lifecycle.resource.metered is 'The price by which its use is paid, and what is held for it.';
comment on column lifecycle.resource.usage_reported_at is 'The instant of the last report of how much it holds.';
comment on column lifecycle.resource.event_sequence is 'The number of the last event published about the resource.';

create index resource_of_cluster on lifecycle.resource (cluster_id)
where cluster_id is not null and status in ('creating', 'active', 'grace', 'suspended');

create table lifecycle.cluster (
  cluster_id text collate "C" primary key,
  account_id text not null,
  poc boolean not null,
  poc_remaining integer not null check (poc_remaining >= 0),
  resources integer not null check (resources >= 0),
  version bigint not null check (version > 0),
  event_sequence bigint not null,
  constraint what_is_left_of_poc_is_there check (poc_remaining <= resources),
  constraint while_any_is_poc_the_cluster_is check (poc or poc_remaining = 0)
-- Every resource of a cluster that changes writes here: an update touches one page (HOT).
) with (fillfactor = 50);
comment on table lifecycle.cluster is 'One row per cluster: whether it is POC, and how many of its resources still are.';
comment on column lifecycle.cluster.poc_remaining is 'Its servers and volumes that are POC now: always their count.';
comment on column lifecycle.cluster.event_sequence is 'The number of the last event published about the cluster.';

create table lifecycle.change (
  target text collate "C" primary key,
  request_id text not null,
  command text not null,
  ask jsonb not null,
  asked smallint not null check (asked > 0),
  due_at timestamptz not null,
  shard smallint not null
) with (fillfactor = 70);
comment on table lifecycle.change is 'What the provider was asked for and has not answered: one row per resource or cluster, gone when it is over.';
comment on column lifecycle.change.target is '"resource/<id>" or "cluster/<id>".';
comment on column lifecycle.change.command is 'The name of the command that asks for it; ask is its body.';
comment on column lifecycle.change.asked is 'How often the provider was asked.';
comment on column lifecycle.change.due_at is 'When it is asked again, or given up.';

create index change_due on lifecycle.change (shard, due_at);

-- What the store writes, as arrays of rows; not the tables' own row types, so that a column can be added while workers
-- that do not know it are still writing.
create type lifecycle.resource_to_save as (
  resource_id text,
  account_id text,
  cluster_id text,
  kind text,
  flavor text,
  quantity integer,
  billing text,
  status text,
  starts_at timestamptz,
  ends_at timestamptz,
  auto_renew boolean,
  months smallint,
  terms jsonb,
  metered jsonb,
  trash_ends_at timestamptz,
  usage_reported_at timestamptz,
  version bigint,
  event_sequence bigint
);
create type lifecycle.cluster_to_save as (
  cluster_id text,
  account_id text,
  poc boolean,
  poc_remaining integer,
  resources integer,
  version bigint,
  event_sequence bigint
);
create type lifecycle.change_to_save as (
  target text,
  request_id text,
  command text,
  ask jsonb,
  asked smallint,
  due_at timestamptz,
  shard smallint
);

-- What a thing is called, whose it is and where it belongs stays as it was; no resource and no cluster is ever removed.
grant select, insert on lifecycle.resource, lifecycle.cluster to stoppoc_lifecycle;
grant update (
  kind, flavor, quantity, billing, status, starts_at, ends_at, auto_renew, months, terms, metered, trash_ends_at,
  usage_reported_at, version, event_sequence
) on lifecycle.resource to stoppoc_lifecycle;
grant update (poc, poc_remaining, resources, version, event_sequence) on lifecycle.cluster to stoppoc_lifecycle;
grant select, insert, update, delete on lifecycle.change to stoppoc_lifecycle;
