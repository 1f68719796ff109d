-- The rows a trial left, told apart from those that stood before, so that they can be written again by nothing but SQL.
-- $table, $left and so on: names, written in.

-- name: find_tables
-- What the engine keeps for itself and empties again is no row of a Stop POC; what it remembers of messages is.
select namespace.nspname as schema, class.relname as table,
  array_agg(attribute.attname::text order by attribute.attnum) as columns,
  array_agg(attribute.attname::text order by attribute.attnum) filter (where attribute.attnum = any(index.indkey)) as key
from pg_class as class
join pg_namespace as namespace on namespace.oid = class.relnamespace
join pg_index as index on index.indrelid = class.oid and index.indisprimary
join pg_attribute as attribute on attribute.attrelid = class.oid
where class.relkind = 'r' and namespace.nspname = any($1::text[]) and attribute.attnum > 0 and not attribute.attisdropped
  and class.relname <> all('{outbox,parked,job_run,job_progress,migration}')
group by namespace.nspname, class.relname
order by namespace.nspname, class.relname;

-- name: make_left
create table "$left" (like $table);

-- name: part_new
create table "$left.new" as
select * from "$left" as there where not exists (select from $table as kept where $same);

-- name: part_changed
create table "$left.changed" as
select there.* from "$left" as there join $table as kept on $same where there is distinct from kept;

-- name: count_left
select (select count(*) from "$left.new") as new, (select count(*) from "$left.changed") as changed;

-- name: add
insert into $table select * from "$left.new";

-- name: change
update $table as kept set $settings from "$left.changed" as there where $same;
