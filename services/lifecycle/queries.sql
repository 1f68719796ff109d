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

-- name: lock_resources
select resource_id, account_id, cluster_id, kind, flavor, quantity, billing, status, starts_at, ends_at, auto_renew,
  months, terms, metered, trash_ends_at, usage_reported_at, version, event_sequence
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

-- name: add_resources
-- Refused where another worker has made one meanwhile: to update it would undo what was decided since.
insert into lifecycle.resource (
  resource_id, account_id, cluster_id, kind, flavor, quantity, billing, status, starts_at, ends_at, auto_renew,
  months, terms, metered, trash_ends_at, usage_reported_at, version, event_sequence
)
select * from unnest($1::lifecycle.resource_to_save[]);

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
  event_sequence = new.event_sequence
from unnest($1::lifecycle.resource_to_save[]) as new
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

-- name: forget_changes
delete from lifecycle.change where target = any($1::text[]);

-- name: read_first_due
select min(due_at) from lifecycle.change;
