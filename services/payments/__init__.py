"""Payment from outside: what is asked of a gateway, what it told, and that the money is counted once."""
