-- The keys of what waits for somebody outside, by service: a command about one of them has its outcome still to come.

-- name: lifecycle
select split_part(target, '/', 2) as key from lifecycle.change
