"""The rules of checkout, one by one."""
