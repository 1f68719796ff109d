"""What the closing of a day and of a month cost, and renewals by themselves: many accounts, slice by slice."""
