-- What the toy reads and writes.

-- name: lock_counters
select counter, total, sequence from counter where counter = any($1::text[]) order by counter for update;

-- name: find_labels
select label, counter from label where label = any($1::text[]);

-- name: save_counters
insert into counter (counter, total, sequence)
select * from unnest($1::text[], $2::bigint[], $3::bigint[])
on conflict (counter) do update set total = excluded.total, sequence = excluded.sequence;

-- name: add_labels
insert into label (label, counter) select * from unnest($1::text[], $2::text[]);
