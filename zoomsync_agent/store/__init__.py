"""The queue in SQLite: what was seen, what is to be done, what is kept where."""
