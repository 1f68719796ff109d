-- What an operator reads of clusters and resources. Nothing here changes anything.

-- name: read_cluster
select jsonb_build_object(
  'cluster', cluster_id, 'account', account_id, 'poc', poc, 'stop_poc_available', poc,
  'poc_remaining', poc_remaining, 'resources', resources, 'version', version
)::text
from lifecycle.cluster where cluster_id = $1

-- name: read_resources
-- The product of each kind is the catalogue's to say.
select jsonb_build_object(
  'resource', resource_id, 'account', account_id, 'cluster', cluster_id, 'kind', kind, 'product', $2::jsonb ->> kind,
  'flavor', flavor, 'quantity', quantity, 'billing', billing, 'status', status, 'starts', starts_at,
  'until', ends_at, 'auto_renew', auto_renew, 'months', months, 'terms', terms, 'metered', metered,
  'trash_until', trash_ends_at, 'version', version
)::text
from lifecycle.resource where cluster_id = $1 order by resource_id
