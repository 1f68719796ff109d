-- Number 0 as often as wanted: every row of it again, under the names of each copy.

-- name: find_columns
-- Those with triggers first: what they write beside is there by then, and left as it is.
select namespace.nspname as schema, class.relname as table, attribute.attname as column,
  format_type(attribute.atttypid, attribute.atttypmod) as type
from pg_class as class
join pg_namespace as namespace on namespace.oid = class.relnamespace
join pg_attribute as attribute on attribute.attrelid = class.oid
where class.relkind = 'r' and namespace.nspname = any($1::text[])
  and attribute.attnum > 0 and not attribute.attisdropped and attribute.attidentity = ''
order by not class.relhastriggers, namespace.nspname, class.relname, attribute.attnum;

-- name: keep_first
-- $table, $kept, $first: names, written in.
create temporary table $kept as
select * from $table as kept where to_jsonb(kept)::text like '%$first%';
