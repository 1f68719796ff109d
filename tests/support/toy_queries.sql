-- What the toy reads and writes.

-- name: lock_counters
select counter, total, sequence from counter where counter = any($1::text[]) order by counter for update;

-- name: find_labels
select label, counter from label where label = any($1::text[]);

-- name: add_counters
insert into counter (counter, total, sequence) select * from unnest($1::text[], $2::bigint[], $3::bigint[]);

-- name: save_counters
update counter set total = new.total, sequence = new.sequence
from unnest($1::text[], $2::bigint[], $3::bigint[]) as new (counter, total, sequence)
where counter.counter = new.counter;

-- name: add_labels
insert into label (label, counter) select * from unnest($1::text[], $2::text[]);
