-- What checkout reads and writes: one statement per table and batch. New rows are inserted and nothing else: where
-- another worker has made one meanwhile, to update it would undo what it did.

-- name: lock_orders
select order_id, subject, account_id, action, pay, status, total_vnd, lines, placed_at, cluster_id, coupon,
  received_vnd, given_back_vnd, done, failed, spared, left_poc, holds, failures, version, event_sequence, auto
from checkout."order"
where order_id = any($1::text[])
order by order_id
for update;

-- name: lock_coupons
select code, amount_vnd, products, until, uses, used, event_sequence
from checkout.coupon
where code = any($1::text[])
order by code
for update;

-- name: lock_accounts
select account_id, mode, poc_until from checkout.account
where account_id = any($1::text[])
order by account_id
for update;

-- name: find_accounts
-- Not locked: how an account pays never changes, and its orders need not wait for each other.
select account_id, mode, poc_until from checkout.account
where account_id = any($1::text[]);

-- name: lock_clusters
select cluster_id, account_id, poc, version from checkout.cluster
where cluster_id = any($1::text[])
order by cluster_id
for update;

-- name: lock_items
-- Those named, those of the clusters named, and those in the hands of the orders named.
select resource_id, account_id, kind, flavor, quantity, cluster_id, billing, status, until, terms, metered, trash_until,
  version, open_order, open_line
from checkout.item
where resource_id = any($1::text[]) or cluster_id = any($2::text[]) or open_order = any($3::text[])
order by resource_id
for update;

-- name: lock_lines
select line.order_id, line.number, resource_id, kind, flavor, quantity, line.line, metered, cluster_id, auto_renew, months,
  status, reason, version
from unnest($1::text[], $2::integer[]) as asked (order_id, number)
join checkout.line on line.order_id = asked.order_id and line.number = asked.number
order by line.order_id, line.number
for update of line;

-- name: find_still_poc
-- Not locked: whoever ends an order has it locked, and so all that was answered of it is seen.
select cluster_id, resource_id from checkout.item
where cluster_id = any($1::text[]) and kind = any($2::text[])
  and billing = 'poc' and status in ('creating', 'active', 'grace', 'suspended');

-- name: find_prices
-- Not locked: everybody reads them, and whoever publishes meanwhile says from when on.
select price.kind, price.flavor, price.versions
from unnest($1::text[], $2::text[]) as asked (kind, flavor)
join checkout.price on price.kind = asked.kind and price.flavor = asked.flavor;

-- name: lock_prices
select price.kind, price.flavor, price.versions
from unnest($1::text[], $2::text[]) as asked (kind, flavor)
join checkout.price on price.kind = asked.kind and price.flavor = asked.flavor
order by price.kind, price.flavor
for update of price;

-- name: add_orders
insert into checkout."order" (
  order_id, subject, account_id, action, pay, status, total_vnd, lines, placed_at, cluster_id, coupon,
  received_vnd, given_back_vnd, done, failed, spared, left_poc, holds, failures, version, event_sequence, auto
)
select * from unnest($1::checkout.order_to_save_2[]);

-- name: save_orders
update checkout."order" as kept set
  status = now.status,
  received_vnd = now.received_vnd,
  given_back_vnd = now.given_back_vnd,
  done = now.done,
  failed = now.failed,
  spared = now.spared,
  left_poc = now.left_poc,
  holds = now.holds,
  failures = now.failures,
  version = now.version,
  event_sequence = now.event_sequence
from unnest($1::checkout.order_to_save_2[]) as now
where kept.order_id = now.order_id;

-- name: save_lines
update checkout.line as kept set status = now.status, reason = now.reason, version = now.version
from unnest($1::checkout.line_to_save[]) as now
where kept.order_id = now.order_id and kept.number = now.number;

-- name: add_items
insert into checkout.item (
  resource_id, account_id, kind, flavor, quantity, cluster_id, billing, status, until, terms, metered, trash_until,
  version, open_order, open_line
)
select * from unnest($1::checkout.item_to_save[]);

-- name: save_items
update checkout.item as kept set
  account_id = now.account_id,
  kind = now.kind,
  flavor = now.flavor,
  quantity = now.quantity,
  cluster_id = now.cluster_id,
  billing = now.billing,
  status = now.status,
  until = now.until,
  terms = now.terms,
  metered = now.metered,
  trash_until = now.trash_until,
  version = now.version,
  open_order = now.open_order,
  open_line = now.open_line
from unnest($1::checkout.item_to_save[]) as now
where kept.resource_id = now.resource_id;

-- name: add_clusters
insert into checkout.cluster (cluster_id, account_id, poc, version)
select * from unnest($1::checkout.cluster_to_save[]);

-- name: save_clusters
update checkout.cluster as kept set account_id = now.account_id, poc = now.poc, version = now.version
from unnest($1::checkout.cluster_to_save[]) as now
where kept.cluster_id = now.cluster_id;

-- name: add_accounts
insert into checkout.account (account_id, mode, poc_until)
select * from unnest($1::checkout.account_to_save[]);

-- name: save_accounts
update checkout.account as kept set mode = now.mode, poc_until = now.poc_until
from unnest($1::checkout.account_to_save[]) as now
where kept.account_id = now.account_id;

-- name: add_coupons
insert into checkout.coupon (code, amount_vnd, products, until, uses, used, event_sequence)
select * from unnest($1::checkout.coupon_to_save[]);

-- name: save_coupons
update checkout.coupon as kept set used = now.used, event_sequence = now.event_sequence
from unnest($1::checkout.coupon_to_save[]) as now
where kept.code = now.code;

-- name: add_prices
insert into checkout.price (kind, flavor, versions)
select * from unnest($1::checkout.price_to_save[]);

-- name: save_prices
update checkout.price as kept set versions = now.versions
from unnest($1::checkout.price_to_save[]) as now
where kept.kind = now.kind and kept.flavor = now.flavor;
