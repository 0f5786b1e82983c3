"""A topic on a mock cluster, stores in memory, and consumers between them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from threading import Event, Lock, Thread

import orjson
import pyarrow as pa
from confluent_kafka import Producer

from duckhouse.settings import KafkaSettings
from duckhouse.sources import Entity, load_source
from duckhouse.streaming import rows as rows_of
from duckhouse.streaming.batch import Limits
from duckhouse.streaming.broker import Broker, client_settings
from duckhouse.streaming.consumer import StreamConsumer
from duckhouse.streaming.letters import Letters
from duckhouse.streaming.offsets import Offsets, Partition
from duckhouse.streaming.sink import Overtaken
from duckhouse.streaming.summary import Summary
from support.waiting import SECONDS

READING = {
    "device_id": "sensor-123",
    "timestamp": "2025-01-20T10:15:30Z",
    "temperature": 21.4,
    "humidity": 68,
    "firmware_version": "v1.2.0",
}
_groups = count(1)


def readings_entity() -> Entity:
    [entity] = load_source("telemetry").entities
    return entity


def reading(**changed: object) -> bytes:
    """A valid message; a field that is changed to ... is left out."""
    fields = {name: value for name, value in {**READING, **changed}.items() if value is not ...}
    return orjson.dumps(fields)


class Killed(BaseException):
    """What a test throws where a process would be killed."""


class MemorySink:
    """A store in memory that keeps the contract of Sink, for several consumers at once."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.table = rows_of.schema(readings_entity()).empty_table()
        self.at: dict[Partition, int] = {}
        self.before_write: Callable[[], None] = lambda: None
        self._lock = Lock()

    def offsets(self) -> Offsets:
        return dict(self.at)

    def write(self, rows: pa.Table, expected: Offsets, reached: Offsets) -> None:
        self.before_write()
        with self._lock:
            for partition in reached:
                if self.at.get(partition) != expected.get(partition):
                    raise Overtaken(str(partition))
            self.table = pa.concat_tables([self.table, rows])
            self.at.update(reached)

    def rows(self, partition: Partition, start: int, end: int) -> Iterator[pa.Table]:
        found = [
            (offset, number)
            for number, (place, offset) in enumerate(rows_of.places(self.table))
            if place == partition and start <= offset < end
        ]
        for _, number in sorted(found):
            yield self.table.slice(number, 1)

    def invalid(self) -> Iterator[pa.Table]:
        yield rows_of.invalid(self.table)

    def missing(self, rows: pa.Table) -> pa.Table:
        there = set(rows_of.places(self.table))
        return rows.filter(pa.array([place not in there for place in rows_of.places(rows)], pa.bool_()))

    def add(self, rows: pa.Table) -> None:
        with self._lock:
            self.table = pa.concat_tables([self.table, self.missing(rows)])

    def repair(self, rows: pa.Table) -> int:
        new = set(rows_of.places(rows))
        kept = [place not in new for place in rows_of.places(self.table)]
        with self._lock:
            self.table = pa.concat_tables([self.table.filter(pa.array(kept, pa.bool_())), rows])
        return kept.count(False)

    def places(self) -> list[tuple[int, int]]:
        """The partition and offset of each row, sorted."""
        return sorted((partition.number, offset) for partition, offset in rows_of.places(self.table))

    def column(self, name: str) -> list[object]:
        """The values of a column in the order of places."""
        order = [("_topic_id", "ascending"), ("_partition", "ascending"), ("_offset", "ascending")]
        return self.table.sort_by(order)[name].to_pylist()


@dataclass
class Stream:
    """A topic and two stores. `lines` is what consumers reported."""

    bootstrap: str
    topic: str
    lake: MemorySink = field(default_factory=lambda: MemorySink("lake"))
    store: MemorySink = field(default_factory=lambda: MemorySink("store"))
    lines: list[str] = field(default_factory=list)

    @property
    def entity(self) -> Entity:
        return readings_entity()

    def settings(self, group: str | None = None) -> KafkaSettings:
        return KafkaSettings(self.bootstrap, "plaintext", "", "", "", "", group or f"group-{next(_groups)}")

    def produce(self, *values: bytes | None, partition: int = 0, key: bytes | None = b"sensor-123") -> None:
        producer = Producer({**client_settings(self.settings()), "message.max.bytes": 10_000_000})
        for value in values:
            producer.produce(self.topic, value, key, partition)
        assert producer.flush(SECONDS) == 0

    def consumer(self, group: str | None = None, limits: Limits | None = None) -> tuple[StreamConsumer, Summary]:
        """A consumer of a group of its own, unless one is named: a group that lost a member takes seconds to forget."""
        settings = self.settings(group)
        summary = Summary("telemetry", self.entity)
        broker = Broker(settings, self.topic)
        letters = Letters(settings, self.topic, self.lines.append)
        made = StreamConsumer(
            summary, broker, (self.lake, self.store), letters, limits=limits, report=self.lines.append
        )
        return made, summary

    def once(self, group: str | None = None, limits: Limits | None = None) -> Summary:
        consumer, summary = self.consumer(group, limits)
        consumer.run(Event(), once=True)
        return summary

    @contextmanager
    def running(self, group: str | None = None, limits: Limits | None = None) -> Iterator[Summary]:
        """A consumer that runs in a thread while the block does. What ends it ends the test."""
        consumer, summary = self.consumer(group, limits or Limits(seconds=0.05))
        stop, failed = Event(), []

        def run() -> None:
            try:
                consumer.run(stop)
            except BaseException as error:
                failed.append(error)

        thread = Thread(target=run)
        thread.start()
        try:
            yield summary
        finally:
            stop.set()
            thread.join(SECONDS)
        assert not thread.is_alive()
        assert not failed, failed


def placed(*counts: int) -> Sequence[tuple[int, int]]:
    """The places of so many messages in partitions 0, 1, …"""
    return [(number, offset) for number, messages in enumerate(counts) for offset in range(messages)]
