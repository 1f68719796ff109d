-- What lifecycle reads and writes: one statement per table and batch.

-- name: find_members
-- Of a cluster that changes as a whole: what is there of it.
select cluster_id, resource_id
from lifecycle.resource
where cluster_id = any($1::text[]) and status in ('creating', 'active', 'grace', 'suspended')
order by cluster_id, resource_id;

-- name: find_due_changes
-- Not locked yet: resources and clusters come first.
select asked.shard, due.target
from unnest($1::smallint[], $2::timestamptz[]) as asked (shard, due_at)
cross join lateral (
  select target from lifecycle.change as change
  where change.shard = asked.shard and change.due_at <= asked.due_at
  order by change.due_at
  limit $3
) as due;

-- name: find_life
-- What time does something with by then, but for what the provider is about to change; not locked yet. `offset 0`: few are due,
-- and are found by when they are; to go through all by name until enough are found would read the whole table.
select asked.message, found.resource_id as key
from unnest($1::text[], $2::smallint[], $3::text[], $4::timestamptz[]) as asked (message, shard, after, at)
cross join lateral (
  select resource_id
  from (
    select resource_id, cluster_id from lifecycle.resource
    where shard = asked.shard and next_at <= asked.at
    offset 0
  ) as due
  where resource_id > asked.after
    and not exists (select from lifecycle.change where target = 'resource/' || resource_id)
    and not exists (select from lifecycle.change where target = 'cluster/' || cluster_id)
  order by resource_id
  limit $5
) as found
order by asked.message, found.resource_id;

-- name: find_ends
-- Accounts of which something may be renewed, or reminded of, that morning.
select asked.message, found.account_id as key
from unnest($1::text[], $2::smallint[], $3::text[], $4::timestamptz[]) as asked (message, shard, after, at)
cross join lateral (
  select distinct account_id
  from (
    select account_id from lifecycle.resource
    where shard = asked.shard and morning_at <= asked.at
    offset 0
  ) as due
  where account_id > asked.after
  order by account_id
  limit $5
) as found
order by asked.message, found.account_id;

-- name: find_ends_of_accounts
select account_id, resource_id
from lifecycle.resource
where shard = any($1::smallint[]) and morning_at <= $2 and account_id = any($3::text[])
order by account_id, resource_id;

-- name: find_that_may_stop
-- Of each account what is on the POC wallet, or what is metered: one more than is done tells that there is more.
select asked.message, found.resource_id as key
from unnest($1::text[], $2::text[], $3::text[], $4::text[]) as asked (message, account_id, billing, after)
cross join lateral (
  select resource_id
  from lifecycle.resource as resource
  where resource.account_id = asked.account_id and resource.billing = asked.billing and resource_id > asked.after
    and resource.billing in ('poc', 'hold') and status in ('creating', 'active', 'grace', 'suspended')
  order by resource_id
  limit $5
) as found
order by asked.message, found.resource_id;

-- name: find_poc_ends
-- POC wallets that have ended, and are to be looked at by then; not locked yet.
select asked.message, found.account_id as key
from unnest($1::text[], $2::smallint[], $3::text[], $4::timestamptz[]) as asked (message, shard, after, at)
cross join lateral (
  select account_id from lifecycle.poc_end
  where shard = asked.shard and due_at <= asked.at and account_id > asked.after
  order by account_id
  limit $5
) as found
order by asked.message, found.account_id;

-- name: lock_resources
select resource_id, account_id, cluster_id, kind, flavor, quantity, billing, status, starts_at, ends_at, auto_renew,
  months, terms, metered, trash_ends_at, usage_reported_at, version, event_sequence, looked_at, mornings, poc_ended_at
from lifecycle.resource
where resource_id = any($1::text[])
order by resource_id
for update;

-- name: lock_clusters
select cluster_id, account_id, poc, poc_remaining, resources, version, event_sequence
from lifecycle.cluster
where cluster_id = any($1::text[])
order by cluster_id
for update;

-- name: lock_changes
select target, request_id, command, ask, asked, due_at
from lifecycle.change
where target = any($1::text[])
order by target
for update;

-- name: lock_poc_ends
select account_id, ended_at, due_at
from lifecycle.poc_end
where account_id = any($1::text[])
order by account_id
for update;

-- name: read_poc_ends
-- Not locked: between that a wallet's end is known and that it is carried out, there are minutes.
select account_id, ended_at, due_at
from lifecycle.poc_end
where account_id = any($1::text[]);

-- name: add_resources
-- Refused where another worker has made one meanwhile: to update it would undo what was decided since.
insert into lifecycle.resource (
  resource_id, account_id, cluster_id, kind, flavor, quantity, billing, status, starts_at, ends_at, auto_renew,
  months, terms, metered, trash_ends_at, usage_reported_at, version, event_sequence, shard, next_at, morning_at,
  looked_at, mornings, poc_ended_at
)
select * from unnest($1::lifecycle.resource_to_save_2[]);

-- name: save_resources
update lifecycle.resource as resource set
  kind = new.kind,
  flavor = new.flavor,
  quantity = new.quantity,
  billing = new.billing,
  status = new.status,
  starts_at = new.starts_at,
  ends_at = new.ends_at,
  auto_renew = new.auto_renew,
  months = new.months,
  terms = new.terms,
  metered = new.metered,
  trash_ends_at = new.trash_ends_at,
  usage_reported_at = new.usage_reported_at,
  version = new.version,
  event_sequence = new.event_sequence,
  shard = new.shard,
  next_at = new.next_at,
  morning_at = new.morning_at,
  looked_at = new.looked_at,
  mornings = new.mornings,
  poc_ended_at = new.poc_ended_at
from unnest($1::lifecycle.resource_to_save_2[]) as new
where resource.resource_id = new.resource_id;

-- name: save_watches
update lifecycle.resource as resource set
  next_at = new.next_at,
  morning_at = new.morning_at,
  looked_at = new.looked_at,
  mornings = new.mornings,
  poc_ended_at = new.poc_ended_at
from unnest($1::lifecycle.watch_to_save[]) as new
where resource.resource_id = new.resource_id;

-- name: add_clusters
insert into lifecycle.cluster (cluster_id, account_id, poc, poc_remaining, resources, version, event_sequence)
select * from unnest($1::lifecycle.cluster_to_save[]);

-- name: save_clusters
update lifecycle.cluster as cluster set
  poc = new.poc,
  poc_remaining = new.poc_remaining,
  resources = new.resources,
  version = new.version,
  event_sequence = new.event_sequence
from unnest($1::lifecycle.cluster_to_save[]) as new
where cluster.cluster_id = new.cluster_id;

-- name: add_changes
insert into lifecycle.change (target, request_id, command, ask, asked, due_at, shard)
select * from unnest($1::lifecycle.change_to_save[]);

-- name: save_changes
update lifecycle.change as change set
  request_id = new.request_id,
  command = new.command,
  ask = new.ask,
  asked = new.asked,
  due_at = new.due_at
from unnest($1::lifecycle.change_to_save[]) as new
where change.target = new.target;

-- name: add_poc_ends
insert into lifecycle.poc_end (account_id, shard, ended_at, due_at)
select * from unnest($1::lifecycle.poc_end_to_save[]);

-- name: save_poc_ends
update lifecycle.poc_end as poc_end set ended_at = new.ended_at, due_at = new.due_at
from unnest($1::lifecycle.poc_end_to_save[]) as new
where poc_end.account_id = new.account_id;

-- name: forget_changes
delete from lifecycle.change where target = any($1::text[]);

-- name: read_first_due
select min(due_at) from lifecycle.change;

-- name: read_first_poc_end
select min(first.due_at)
from generate_series(0, $1::int - 1) as shard (number)
cross join lateral (
  select due_at
  from lifecycle.poc_end
  where shard = shard.number and due_at is not null
  order by due_at
  limit 1
) as first;

-- name: read_first_life
-- What the provider is about to change is not due before that is over.
select min(first.next_at)
from generate_series(0, $1::int - 1) as shard (number)
cross join lateral (
  select next_at
  from lifecycle.resource
  where shard = shard.number and next_at is not null
    and not exists (select from lifecycle.change where target = 'resource/' || resource_id)
    and not exists (select from lifecycle.change where target = 'cluster/' || cluster_id)
  order by next_at
  limit 1
) as first;

-- name: read_first_morning
select min(first.morning_at)
from generate_series(0, $1::int - 1) as shard (number)
cross join lateral (
  select morning_at
  from lifecycle.resource
  where shard = shard.number and morning_at is not null
  order by morning_at
  limit 1
) as first;
