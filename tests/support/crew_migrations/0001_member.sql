-- The crew, and the days each was paid for.
create table {schema}.member (
  member text collate "C" primary key,
  shard smallint not null,
  paid text[] not null default '{}'
);
create index member_shard on {schema}.member (shard, member);
grant select, insert, update on {schema}.member to {role};
