"""The consumer of a stream is killed at every step."""
