-- One account and all that is its own, as often as is wanted: its rows in every table, under other ids.

-- name: list_tables
select format('%I.%I', nspname, relname) as name,
  exists (select from pg_attribute where attrelid = class.oid and attname = 'shard') as has_shard
from pg_class as class join pg_namespace as n on n.oid = relnamespace
where nspname = $1 and relkind in ('r', 'p') and relname <> all($2)
order by relname;

-- name: copy_rows
-- Ids keep their form: a number takes the place of some digits, the same one in every table.
insert into {table}
select (jsonb_populate_record(null::{table}, other.row)).*
from generate_series($1::int, $2::int) as number
cross join (select to_jsonb(t)::text as text from {table} as t) as one
cross join lateral (
  select regexp_replace(
    replace(one.text, '{seed}', '{crowd}' || number),
    '([0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-)[0-9a-f]{6}([0-9a-f]{6})',
    '\1' || lpad(to_hex(number), 6, '0') || '\2', 'g'
  )::jsonb || {shard} as row
) as other
where one.text like '%"{seed}%';
