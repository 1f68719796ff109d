-- What provisioning reads and writes: one statement per table and batch.

-- name: lock_resources
select resource_id, outcome, times, action, event_sequence
from provisioning.resource
where resource_id = any($1::text[])
order by resource_id
for update;

-- name: find_requests
-- One look into the index for each, whatever the planner believes of the table's size.
select request.*
from unnest($1::text[], $2::text[]) as asked (resource_id, request_id)
cross join lateral (
  select resource_id, request_id, action, flavor, quantity, outcome, asked, cancelled
  from provisioning.request
  where resource_id = asked.resource_id and request_id = asked.request_id
  limit 1
) as request;

-- name: add_resources
-- Refused where another worker has added one meanwhile: to update it would undo what it did.
insert into provisioning.resource (resource_id, outcome, times, action, event_sequence)
select * from unnest($1::text[], $2::text[], $3::int[], $4::text[], $5::bigint[]);

-- name: save_resources
update provisioning.resource set
  outcome = saved.outcome, times = saved.times, action = saved.action, event_sequence = saved.event_sequence
from unnest($1::text[], $2::text[], $3::int[], $4::text[], $5::bigint[])
  as saved (resource_id, outcome, times, action, event_sequence)
where resource.resource_id = saved.resource_id;

-- name: save_requests
update provisioning.request set asked = saved.asked, cancelled = saved.cancelled
from unnest($1::text[], $2::text[], $3::bigint[], $4::boolean[]) as saved (resource_id, request_id, asked, cancelled)
where request.resource_id = saved.resource_id and request.request_id = saved.request_id;
