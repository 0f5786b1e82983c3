"""Compares what the topic holds with what the stores hold, by partition, by device and by key.

A separate consumer and plain Python read the topic, independently of the code that filled the stores.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Consumer, TopicPartition

from duckhouse.extraction.database import database_of
from duckhouse.settings import kafka
from duckhouse.streaming.lake.iceberg import open_lake
from duckhouse.streaming.running import stream_source

FIELDS = ("device_id", "timestamp", "temperature", "humidity", "firmware_version")
ANSWER_SECONDS = 10.0
Place = tuple[int, int]
"""Partition and offset."""
Message = tuple[int, bytes | None]
"""Time, in milliseconds, and value."""
Row = tuple[int, int, str]
"""Partition, offset and device."""


@dataclass(frozen=True)
class Sums:
    """Total counts, and each difference as a line."""

    produced: int
    lake: int
    readings: int
    duplicates: int
    conflicts: int
    dead_letters: int
    differences: list[str]

    def line(self) -> str:
        return (
            f"produced {self.produced:,} = lake {self.lake:,}; valid {self.produced - self.dead_letters:,} = readings "
            f"{self.readings:,} + duplicates {self.duplicates:,} + conflicts {self.conflicts:,}; "
            f"invalid = dead letters {self.dead_letters:,}"
        )


def sums() -> Sums:
    """Compares the topic of the only stream with the stores that the environment names."""
    source, entity = stream_source(None)
    with open_lake(source, entity) as lake:
        kept = lake.table.refresh().scan(selected_fields=("_partition", "_offset", "_fault", "device_id")).to_arrow()
    with database_of(source) as database, database.connect() as connection:
        readings, duplicates, conflicts = (
            connection.execute(f"select _partition, _offset, device_id from {table}").fetchall()
            for table in ("readings", "reading_duplicates", "reading_conflicts")
        )
        letters = connection.execute("select _partition, _offset from dead_letters").fetchall()
    return compared(dict(_sent(str(entity.topic))), kept.to_pylist(), readings, duplicates, conflicts, letters)


def compared(
    sent: Mapping[Place, Message],
    lake: Sequence[Mapping[str, Any]],
    readings: Sequence[Row],
    duplicates: Sequence[Row],
    conflicts: Sequence[Row],
    letters: Sequence[Place],
) -> Sums:
    """Compares what was sent with the rows of the stores."""
    valid = {place: reading for place, (_, value) in sent.items() if (reading := _reading(value)) is not None}
    first = set(_first({place: (sent[place][0], reading) for place, reading in valid.items()}).values())
    of_first = {_key(valid[place]): valid[place] for place in first}
    repeats = valid.keys() - first
    equal = {place for place in repeats if valid[place] == of_first[_key(valid[place])]}
    by_device = [reading["device_id"] for reading in valid.values()]
    differences = [
        *apart("lake, by place", [(row["_partition"], row["_offset"]) for row in lake], sent),
        *apart("lake, valid by device", [row["device_id"] for row in lake if row["_fault"] is None], by_device),
        *apart("readings, by place", [row[:2] for row in readings], first),
        *apart("duplicates, by place", [row[:2] for row in duplicates], equal),
        *apart("conflicts, by place", [row[:2] for row in conflicts], repeats - equal),
        *apart("dead letters, by place", letters, sent.keys() - valid.keys()),
        *apart("store, by device", [row[2] for row in (*readings, *duplicates, *conflicts)], by_device),
    ]
    counts = (len(lake), len(readings), len(duplicates), len(conflicts), len(letters))
    return Sums(len(sent), *counts, differences)


def _sent(topic: str) -> Iterator[tuple[Place, Message]]:
    """Every message of the topic: its position, its time and its value."""
    settings = {"bootstrap.servers": kafka().bootstrap, "group.id": "sums", "enable.auto.commit": False}
    consumer = Consumer({**settings, "isolation.level": "read_committed", "log_level": 0})
    try:
        for number in consumer.list_topics(topic, timeout=ANSWER_SECONDS).topics[topic].partitions:
            low, high = consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=ANSWER_SECONDS)
            at = low
            consumer.assign([TopicPartition(topic, number, low)])
            while at < high:
                for message in consumer.consume(1_000, 1):
                    if message.error() is None:
                        at = (message.offset() or 0) + 1
                        yield (number, at - 1), (message.timestamp()[1], message.value())
    finally:
        consumer.close()


def _reading(value: bytes | None) -> dict[str, Any] | None:
    with suppress(ValueError):
        found = json.loads(value or b"")
        if isinstance(found, dict) and all(name in found for name in FIELDS):
            return found
    return None


def _first(readings: dict[Place, tuple[int, dict[str, Any]]]) -> dict[tuple[str, str], Place]:
    """For each device and time, the position of the message that came first, by its time, then by its position."""
    ordered = sorted(readings, key=lambda place: (readings[place][0], *place))
    return {_key(readings[place][1]): place for place in reversed(ordered)}


def _key(reading: dict[str, Any]) -> tuple[str, str]:
    return reading["device_id"], reading["timestamp"]


def apart(what: str, found: Iterable[Any], expected: Iterable[Any]) -> Iterator[str]:
    """A line where one side has something more often than the other."""
    there, meant = Counter(map(_flat, found)), Counter(map(_flat, expected))
    more, less = there - meant, meant - there
    if more or less:
        yield (
            f"{what}: {sum(more.values()):,} too many (as {sorted(more)[:3]}), "
            f"{sum(less.values()):,} missing (as {sorted(less)[:3]})"
        )


def _flat(value: Any) -> Any:
    return tuple(value) if isinstance(value, list | tuple) else value
