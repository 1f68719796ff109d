-- An id is a resource's or a cluster's, never both: what is told of either is kept under it on one compacted topic. The
-- rule refuses a second meaning that it sees; of what two workers make at one instant neither sees the other's.
create table lifecycle.name (
  name text collate "C" primary key
);
comment on table lifecycle.name is 'Every id that has a meaning: one row per resource and per cluster, for ever.';

insert into lifecycle.name
select resource_id from lifecycle.resource union all select cluster_id from lifecycle.cluster;

create function lifecycle.take_resource_names() returns trigger language plpgsql as $$
begin
  insert into lifecycle.name select resource_id from made order by resource_id;
  return null;
end $$;
create trigger names_are_taken after insert on lifecycle.resource
referencing new table as made for each statement execute function lifecycle.take_resource_names();

create function lifecycle.take_cluster_names() returns trigger language plpgsql as $$
begin
  insert into lifecycle.name select cluster_id from made order by cluster_id;
  return null;
end $$;
create trigger names_are_taken after insert on lifecycle.cluster
referencing new table as made for each statement execute function lifecycle.take_cluster_names();

grant insert on lifecycle.name to stoppoc_lifecycle;
