-- Counters and their labels.
create table {schema}.counter (
  counter text collate "C" primary key,
  total bigint not null check (total <= 1000),
  sequence bigint not null
);
create table {schema}.label (
  label text primary key,
  counter text not null
);
grant select, insert, update on {schema}.counter to {role};
grant select, insert on {schema}.label to {role};
