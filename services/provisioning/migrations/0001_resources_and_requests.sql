-- Requests, and what is planned for a resource's next ones.

-- Ids compare as bytes, everywhere alike: rows are locked in this order.
create table provisioning.resource (
  resource_id text collate "C" primary key,
  outcome text check (outcome in ('refuse', 'late', 'twice', 'never')),
  times int check (times > 0),
  action text,
  event_sequence bigint not null,
  constraint a_plan_is_whole check ((outcome is null) = (times is null) and (outcome is not null or action is null))
) with (fillfactor = 70);
comment on table provisioning.resource is 'One row per resource or cluster that was ever asked about: what is planned for its next changes.';
comment on column provisioning.resource.times is 'How many of its next changes go so; of any kind where no action is named.';
comment on column provisioning.resource.event_sequence is 'The number of the last event published about it.';

create table provisioning.request (
  resource_id text collate "C" not null,
  request_id text collate "C" not null,
  action text,
  flavor text,
  quantity int,
  outcome text check (outcome in ('refuse', 'late', 'twice', 'never')),
  asked bigint not null check (asked >= 0),
  cancelled boolean not null,
  primary key (resource_id, request_id),
  constraint what_was_asked_is_known check (cancelled or action is not null)
);
comment on table provisioning.request is 'Every request, once, however often it was asked; without an outcome it was done.';
comment on column provisioning.request.outcome is 'How it was planned to go, when it was first asked.';
comment on column provisioning.request.cancelled is 'It was taken back: undone if it was done, and never done if it was not.';

-- What was asked, and how it goes, stays as it was first.
grant select, insert on provisioning.resource, provisioning.request to stoppoc_provisioning;
grant update (outcome, times, action, event_sequence) on provisioning.resource to stoppoc_provisioning;
grant update (asked, cancelled) on provisioning.request to stoppoc_provisioning;
