"""A payment gateway to try things with: real HTTP, both protocols, a ledger of its own, and every way to misbehave."""
