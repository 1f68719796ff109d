-- What the crew reads and writes.

-- name: find_members
select asked.message, found.member as key
from unnest($1::text[], $2::smallint[], $3::text[], $4::timestamptz[]) as asked (message, shard, after, at)
cross join lateral (
  select member from member where shard = asked.shard and member > asked.after order by member limit $5
) as found
order by asked.message, found.member;

-- name: lock_members
select member, paid from member where member = any($1::text[]) order by member for update;

-- name: save_members
update member set paid = string_to_array(new.paid, ' ')
from unnest($1::text[], $2::text[]) as new (member, paid)
where member.member = new.member;
