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
where status = 'active' and case
  -- Who pays by the month, or by what is metered, has bought no period.
  when billing in ('hold', 'postpaid') then ends_at is not null or terms <> '[]' or metered is null
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

-- name: resources_are_due_as_they_stand
-- truth 3: A resource is due for the next step of its life at the instant that its end, or its time in the trash, gives.
-- of: lifecycle.resource where next_at is not null
select resource_id as id, status || ' until ' || coalesce(ends_at::text, '-') || ', due ' || coalesce(next_at::text, '-') as found
from lifecycle.resource
where next_at is distinct from case
  when mornings <> '{{}}' then null
  when poc_ended_at is not null and billing = 'poc' and status in ('active', 'grace', 'suspended') then poc_ended_at
  when status in ('trash', 'expired') or status = 'suspended' and billing in ('hold', 'postpaid') then trash_ends_at
  when billing in ('hold', 'postpaid') then null
  when status = 'active' then ends_at + case billing when 'poc' then interval '15 minutes' else interval '0' end
  when status = 'grace' then ends_at + interval '15 days'
  when status = 'suspended' then ends_at + interval '30 days'
end

-- name: nothing_stays_due
-- truth 3: What fell due more than an hour before the last minute that was done has been done, unless the provider is changing it.
-- of: lifecycle.resource
-- settles
select resource_id as id, status || ', due ' || next_at || ', done up to ' || instant as found
from lifecycle.resource join lifecycle.job_progress as job on job.job = 'check_life' and job.shard = resource.shard
where job.done and next_at < job.instant - interval '1 hour'
  and not exists (
    select from lifecycle.change where target in ('resource/' || resource_id, 'cluster/' || cluster_id)
  )

-- name: nothing_is_on_a_poc_wallet_that_has_ended
-- truth 3: What began on a POC wallet is POC no more an hour after the wallet's end was due, unless its conversion is waited for.
-- of: lifecycle.resource where billing = 'poc'
-- settles
select resource_id as id, status || ' since ' || starts_at || ', its wallet ended ' || ended_at as found
from lifecycle.resource join lifecycle.poc_end as ended using (account_id)
  left join lifecycle.job_progress as job on job.job = 'check_poc_ends' and job.shard = ended.shard and job.done
where billing = 'poc' and status in ('creating', 'active', 'grace', 'suspended') and starts_at < ended_at
  and poc_ended_at is null and (due_at is null or due_at < job.instant - interval '1 hour')

-- name: no_renewal_waits_for_long
-- truth 3: Whatever was to be renewed by itself has been answered within a day.
-- of: lifecycle.resource
-- settles
select resource_id as id, 'waits since ' || mornings[1] || ', done up to ' || instant as found
from lifecycle.resource join lifecycle.job_progress as job on job.job = 'check_ends' and job.shard = resource.shard
where mornings[1] < job.instant - interval '1 day'
