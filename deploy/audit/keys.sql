-- The keys of everything that is told on a state topic, by service and state.

-- name: hold_account
select account_id as key from hold.account

-- name: lifecycle_resource
select resource_id as key from lifecycle.resource

-- name: lifecycle_cluster
select cluster_id as key from lifecycle.cluster

-- name: checkout_order
select order_id as key from checkout."order"

-- name: checkout_orderline
select order_id || ':' || number as key from checkout.line

-- name: invoicing_invoice
select invoice_id::text as key from invoicing.invoice

-- name: payments_payment
select order_id as key from payments.payment
