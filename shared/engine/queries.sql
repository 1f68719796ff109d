-- The engine's own statements. One per table and batch; nothing here knows what a message says.

-- name: remember_messages
-- Returns the ids that were remembered before: their effect stands already. And the keys that are parked, locked so that
-- a queue cannot be worked off between this look and what is added behind it.
with fresh as (
  insert into inbox (message_id) select unnest($1::uuid[]) on conflict do nothing returning message_id
), waiting as (
  select key from parked where key = any($2::text[]) order by position for key share
)
select asked.message_id::text, null as key
from unnest($1::uuid[]) as asked (message_id)
where not exists (select from fresh where fresh.message_id = asked.message_id)
union all
select null, key from waiting;

-- name: lock_parked_keys
-- Locked, so that a queue cannot be worked off between this look and what is added behind it.
select key from parked where key = any($1::text[]) order by position for key share;

-- name: add_parked
insert into parked (key, message_id, topic, partition, record_offset, headers, body, accepted_at, error)
select key, message_id, topic, partition, record_offset, headers, body, accepted_at, error
from unnest($1::text[], $2::uuid[], $3::text[], $4::int[], $5::bigint[], $6::text[], $7::text[], $8::timestamptz[], $9::text[])
  with ordinality as row (key, message_id, topic, partition, record_offset, headers, body, accepted_at, error, nr)
order by nr;

-- name: lock_parking
-- One counts at a time, else each would find room for ten.
select pg_advisory_xact_lock($1, hashtext(current_schema()));

-- name: count_lately_parked
select count(distinct key) from parked where error is not null and parked_at > now() - $1::interval;

-- name: lock_queue
select message_id::text, topic, partition, record_offset, headers, body, key, accepted_at, error, parked_at
from parked where key = $1 order by position for update;

-- name: list_parked
select key, count(*) as messages, min(parked_at) as since, (array_agg(error order by position) filter (where error is not null))[1] as error
from parked group by key order by since limit $1;

-- name: note_error
update parked set error = $2 where message_id = $1;

-- name: drop_parked
delete from parked where message_id = any($1::uuid[]);

-- name: remember_message
insert into inbox (message_id) values ($1) on conflict do nothing returning message_id;

-- name: add_bundles
-- The caller holds its rows' locks, so positions follow the order in which a key was decided.
insert into outbox (lane, keys, messages)
select lane, string_to_array(keys, chr(31)), messages
from unnest($1::text[], $2::text[], $3::text[]) with ordinality as bundle (lane, keys, messages, nr)
order by nr
returning position;

-- name: claim_bundles
-- Ours; and where others decided about one of our keys before the last of ours and have not published it, all that is
-- before that: theirs takes its place among ours, and before it what shares a key with theirs, and so on.
select position, case when position = any($1::bigint[]) then null else messages end as messages
from outbox
where position = any($1::bigint[])
  or (position < $2 and exists (
    -- Not `keys && $3`, which compares each with each: any() looks a key up.
    select from outbox, unnest(keys) as said (key) where position < $2 and position <> all($1::bigint[]) and said.key = any($3::text[])
  ))
order by position
for update;

-- name: claim_lanes
-- What a crash or a lost partition left, with all that is earlier: some of it may have to go before.
select position, messages
from outbox
where position <= (select max(position) from outbox where lane = any($1::text[]))
order by position
for update;

-- name: claim_stale
-- What nobody has published for too long, whoever said it.
select position, messages
from outbox
where position <= (select max(position) from outbox where said_at < now() - $1::interval)
order by position
limit 100
for update;

-- name: drop_bundles
-- Its commit need not wait for the disk: a crash that undoes it undoes all later ones too, and what was published is
-- published again in its order (docs/decisions/0004).
with unhurried as (select set_config('synchronous_commit', 'off', true))
delete from outbox using unhurried where position = any($1::bigint[]);

-- name: look
select 1;

-- name: measure
select count(*) as bundles, (select count(distinct key) from parked) as parked_keys
from outbox;

-- name: forget_messages
-- A slice at a time, oldest first, so that no statement holds much for long.
delete from inbox
where ctid = any (array(select ctid from inbox where seen_at < now() - $1::interval limit $2));

-- name: lock_jobs
select pg_try_advisory_xact_lock($1, hashtext(current_schema()));

-- name: read_progress
select job, shard, period, instant, after, slices, counted, done, made_at, moved_at from job_progress order by job, shard;

-- name: begin_period
insert into job_progress (job, shard, period, instant, chain_id, done)
select * from unnest($1::text[], $2::smallint[], $3::text[], $4::timestamptz[], $5::uuid[], $6::boolean[])
on conflict (job, shard) do update set
  period = excluded.period,
  instant = excluded.instant,
  chain_id = excluded.chain_id,
  after = '',
  slices = 0,
  counted = 0,
  done = excluded.done,
  made_at = now(),
  moved_at = now();

-- name: note_progress
-- Of the chain that the schedule began: another one of the same job, begun by hand, is not what is waited for.
update job_progress as progress set
  after = step.after,
  slices = progress.slices + 1,
  counted = progress.counted + step.counted,
  done = step.done,
  moved_at = now()
from unnest($1::text[], $2::smallint[], $3::uuid[], $4::text[], $5::bigint[], $6::boolean[])
  as step (job, shard, chain_id, after, counted, done)
where progress.job = step.job and progress.shard = step.shard and progress.chain_id = step.chain_id;
