"""The rules of payments, one by one, and the gateways they are made at."""
