"""The lake: an Iceberg table with a row per message, and in each of its snapshots the offsets up to which it is."""
