"""A database of an earlier version, kept as an archive, on which the present version is tried."""
