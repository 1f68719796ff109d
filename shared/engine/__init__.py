"""The engine: it moves messages from Kafka through a service's pure rules into Postgres and out again,
with exactly one effect each. It knows no service by name."""
