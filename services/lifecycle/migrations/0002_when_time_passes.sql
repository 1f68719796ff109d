-- When time does something with a resource: the next minute and the next morning at which it is due, by share of the accounts.

alter table lifecycle.resource
  add column shard smallint not null default 0,
  add column next_at timestamptz,
  add column morning_at timestamptz,
  add column looked_at timestamptz,
  add column mornings timestamptz[] not null default '{}',
  add column poc_ended_at timestamptz,
  drop constraint resource_billing_check,
  drop constraint what_is_metered_has_no_periods,
  add constraint resource_billing_check check (billing in ('poc', 'prepaid', 'hold', 'postpaid')),
  add constraint what_is_metered_has_no_periods
    check (metered is null or (billing in ('hold', 'postpaid') and terms = '[]'));
comment on column lifecycle.resource.shard is 'The share of all accounts that its account belongs to.';
comment on column lifecycle.resource.next_at is 'From when on the minute''s job does something with it; nothing where time does nothing.';
comment on column lifecycle.resource.morning_at is 'The next 08:00 on which it may be renewed by itself, or its owner reminded.';
comment on column lifecycle.resource.looked_at is 'The last morning that was seen.';
comment on column lifecycle.resource.mornings is 'The morning of the renewal that is not answered yet, and those that came meanwhile.';
comment on column lifecycle.resource.poc_ended_at is 'When the POC wallet it is on has ended, where it waits for a conversion.';

-- What stood before is due at its next step; its share and its mornings follow with its next change.
update lifecycle.resource set next_at = case status
  when 'active' then ends_at
  when 'grace' then ends_at + interval '15 days'
  when 'suspended' then ends_at + interval '30 days'
  when 'trash' then trash_ends_at
  when 'expired' then trash_ends_at
end;

create index resource_next on lifecycle.resource (shard, next_at) where next_at is not null;
create index resource_morning on lifecycle.resource (shard, morning_at) where morning_at is not null;
create index resource_that_may_stop on lifecycle.resource (account_id, resource_id)
where billing in ('poc', 'hold') and status in ('creating', 'active', 'grace', 'suspended');

create type lifecycle.resource_to_save_2 as (
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
  event_sequence bigint,
  shard smallint,
  next_at timestamptz,
  morning_at timestamptz,
  looked_at timestamptz,
  mornings timestamptz[],
  poc_ended_at timestamptz
);
create type lifecycle.watch_to_save as (
  resource_id text,
  next_at timestamptz,
  morning_at timestamptz,
  looked_at timestamptz,
  mornings timestamptz[],
  poc_ended_at timestamptz
);

grant update (shard, next_at, morning_at, looked_at, mornings, poc_ended_at) on lifecycle.resource to stoppoc_lifecycle;
