"""The measure of Stop POC: all services at work on many clusters, beside a naive twin and what the servers alone take."""
