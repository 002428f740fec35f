"""Where recordings are kept, one file per kind of place."""
