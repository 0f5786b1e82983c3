"""A stream into two stores: a Kafka topic is read into a lake (Iceberg) and into a time-series store (PostgreSQL)."""
