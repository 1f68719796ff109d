-- What reaches lifecycle after a POC wallet has ended, and was paid from it before, is refused; what is there ends some minutes later.
create table lifecycle.poc_end (
  account_id text collate "C" primary key,
  shard smallint not null,
  ended_at timestamptz not null,
  due_at timestamptz check (due_at >= ended_at)
);
comment on table lifecycle.poc_end is 'The last end of an account''s POC wallet: one row for each account of which one has ended.';
comment on column lifecycle.poc_end.shard is 'The share of all accounts that it belongs to.';
comment on column lifecycle.poc_end.due_at is 'When it is looked at, then carried out; nothing, once it has been.';

create index poc_end_due on lifecycle.poc_end (shard, due_at) where due_at is not null;

create type lifecycle.poc_end_to_save as (
  account_id text,
  shard smallint,
  ended_at timestamptz,
  due_at timestamptz
);

grant select, insert on lifecycle.poc_end to stoppoc_lifecycle;
grant update (ended_at, due_at) on lifecycle.poc_end to stoppoc_lifecycle;

-- Their wallet's end comes first.
update lifecycle.resource set next_at = ends_at + interval '15 minutes'
where billing = 'poc' and status = 'active' and poc_ended_at is null and next_at = ends_at + interval '1 minute';
