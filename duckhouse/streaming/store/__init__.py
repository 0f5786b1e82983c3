"""The time-series store of a stream: PostgreSQL tables of readings, repeated readings, and invalid messages."""
