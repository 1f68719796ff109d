"""The rules of lifecycle, one by one."""
