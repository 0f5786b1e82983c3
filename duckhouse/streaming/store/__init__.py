"""The time-series store of a stream: PostgreSQL tables of readings, of their repeats, and of invalid messages."""
