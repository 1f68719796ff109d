-- What holds of the engine's own tables in every service's schema.

-- name: outbox_is_empty
-- truth 7: All that was decided is on its topic: the outbox is empty.
-- of: {schema}.inbox
-- settles
select position as id, 'said at ' || said_at || ' in ' || lane as found from {schema}.outbox

-- name: nothing_is_parked
-- truth 3: No message waits because its rule raised.
-- of: {schema}.inbox
select message_id as id, key || ': ' || coalesce(error, 'queues behind another') as found from {schema}.parked
