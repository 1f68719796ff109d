-- What holds of resources and clusters. {converts} are the kinds that Stop POC of a cluster takes along.

-- name: clusters_count_their_resources
-- truth 4: A cluster counts its resources and those still POC; while one is, Stop POC is offered.
-- of: lifecycle.cluster
select cluster_id as id,
  'POC ' || coalesce(poc::text, '-') || ', remaining and resources '
  || array[coalesce(poc_remaining, 0), coalesce(cluster.resources, 0)]::text
  || ', found ' || array[coalesce(found_poc, 0), coalesce(found_resources, 0)]::text as found
from lifecycle.cluster full join (
  select cluster_id, count(*) as found_resources,
    count(*) filter (where billing = 'poc' and status <> 'creating' and kind in ({converts})) as found_poc
  from lifecycle.resource
  where cluster_id is not null and status in ('creating', 'active', 'grace', 'suspended')
  group by cluster_id
) as resource using (cluster_id)
where (poc_remaining, cluster.resources) is distinct from (coalesce(found_poc, 0), coalesce(found_resources, 0))
  or (found_poc > 0 and not poc)

-- name: terms_follow_each_other
-- truth 6: The periods paid for a resource follow each other without a gap or a minute twice, up to its end.
-- of: lifecycle.resource where status = 'active'
select resource_id as id, billing || ' until ' || coalesce(ends_at::text, '-') || ': ' || terms::text as found
from lifecycle.resource
where status = 'active' and case billing
  when 'hold' then ends_at is not null or terms <> '[]' or metered is null
  else metered is not null or exists (
    select from (
      select ends, lead(starts) over (order by starts) as next
      from (
        select (term ->> 'starts')::timestamptz as starts, (term ->> 'until')::timestamptz as ends
        from jsonb_array_elements(terms) as term
      ) as term
    ) as term
    where ends <> coalesce(next, ends_at)
  ) or terms = '[]'
end
