-- The engine's own tables, in the schema of each service. {schema} and {role} are that service's.

create table inbox (
  message_id uuid primary key,
  seen_at timestamptz not null default now()
);
comment on table inbox is 'Messages whose effect is in this schema: what is here is never decided again.';
create index inbox_seen_at on inbox using brin (seen_at);

create table outbox (
  position bigint generated always as identity primary key,
  lane text not null,
  keys text[] not null,
  messages text not null,
  said_at timestamptz not null default now()
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
-- Read once, moments later, or never: compressing it would cost more than it saves.
alter table outbox alter column messages set storage external;
comment on table outbox is 'What was decided but is not yet known to be on its topic: a bundle per batch and lane, in the order to publish.';
comment on column outbox.lane is 'The topic and partition whose batch said it; jobs and operators have lanes of their own.';
comment on column outbox.keys is 'The keys of the bundle''s messages: what is said about one key is published in the order of positions.';
comment on column outbox.messages is 'A JSON array of [topic, envelope, body]; the envelopes fields in the order of shared/contracts/cloudevents.py.';

create view outbox_message as
select position, lane, said_at, m.nr, m.value ->> 0 as topic, m.value #>> '{1,3}' as key, m.value #>> '{1,1}' as type,
  m.value #>> '{1,0}' as message_id, m.value ->> 2 as body
from outbox, json_array_elements(messages::json) with ordinality as m (value, nr);

create table parked (
  position bigint generated always as identity primary key,
  key text not null,
  message_id uuid not null unique,
  topic text not null,
  partition int not null,
  record_offset bigint not null,
  headers text not null,
  body text not null,
  accepted_at timestamptz not null,
  error text,
  parked_at timestamptz not null default now()
);
comment on table parked is 'Messages whose rule raised (error is set), and those of the same key that queue behind them, in order.';
create index parked_key on parked (key, position);

create table job_run (
  job text not null,
  period text not null,
  instant timestamptz not null,
  made_at timestamptz not null default now(),
  primary key (job, period)
);
comment on table job_run is 'The periods for which a job''s messages were made: once each.';
create index job_run_instant on job_run (job, instant);

grant select, insert on inbox to {role};
grant delete on inbox to {role};
grant select, insert, update, delete on outbox to {role};  -- update: to lock a bundle while it is published
grant select on outbox_message to {role};
grant select, insert, update, delete on parked to {role};  -- update: to lock a key's queue
grant select, insert on job_run to {role};
