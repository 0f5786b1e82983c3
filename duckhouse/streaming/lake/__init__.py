"""The lake: an Iceberg table with one row per message; each snapshot records the offsets that it has reached."""
