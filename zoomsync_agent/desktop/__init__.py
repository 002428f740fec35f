"""The operating system: where things live, what is logged, who else runs, what is mounted."""
