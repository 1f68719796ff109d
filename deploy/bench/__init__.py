"""The measure of the engine: what it costs a message, against a plain consumer and against the servers' own limits."""
