"""Files that only wrap another one."""
