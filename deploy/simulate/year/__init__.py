"""A year of many accounts in virtual time: random commands, outages, killed work and messages twice, from one seed."""
