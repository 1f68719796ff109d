"""Scenarios: files of public commands, played in virtual time through the real services, and what is expected of them."""
