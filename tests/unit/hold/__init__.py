"""The rules of hold, one by one."""
