-- How far each job is with each share of the accounts: work that time brings comes in slices, and is taken up where it was.

create table job_progress (
  job text not null,
  shard smallint not null,
  period text not null,
  instant timestamptz not null,
  chain_id uuid,
  after text not null default '',
  slices int not null default 0,
  counted bigint not null default 0,
  done boolean not null,
  made_at timestamptz not null default now(),
  moved_at timestamptz not null default now(),
  primary key (job, shard)
) with (fillfactor = 50);
comment on table job_progress is 'The last period for which a job''s work was begun, by share of the accounts, and how far it is.';
comment on column job_progress.chain_id is 'The message that began it; those that go on with it carry it as their correlation.';
comment on column job_progress.after is 'The last key that was done.';
comment on column job_progress.counted is 'How many keys were done in this period.';

-- What was made so far counts: nothing of it is made again.
insert into job_progress (job, shard, period, instant, done)
select distinct on (job) job, 0, period, instant, true from job_run order by job, instant desc;

drop table job_run;

grant select, insert, update on job_progress to {role};
