"""Kafka for the demo, benches and tests: Apache Kafka itself, or librdkafka's mock cluster, on this machine only."""

from typing import Protocol

HOST = "127.0.0.1"


class LocalBroker(Protocol):
    """A broker of our own."""

    @property
    def bootstrap(self) -> str:
        """Its address, HOST:PORT; unchanged by a stop and start."""

    def make_topic(self, name: str, partitions: int) -> None:
        """Makes a topic, which exists when this returns. Raises UserError where it cannot be made."""

    def delete_topic(self, name: str) -> None:
        """Deletes a topic, which is gone when this returns. Raises UserError where it cannot be deleted."""

    def forget(self, name: str, partition: int, before: int) -> None:
        """Deletes the messages of a partition before an offset, as retention does."""

    def stop(self) -> None:
        """Refuses connections until start(). Topics keep their messages."""

    def start(self) -> None:
        """Serves again when this returns."""
