"""Messages of device readings as the consumer would parse them, and a lake that holds them in memory."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from duckhouse.sources import Entity, Source, load_source
from duckhouse.streaming.deliver import State
from duckhouse.streaming.offsets import Partition
from duckhouse.streaming.rows import schema

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
ONE, TWO = Partition("topic-a", 0), Partition("topic-a", 1)

Message = dict[str, Any]


def readings() -> tuple[Source, Entity]:
    source = load_source("telemetry")
    [entity] = source.entities
    return source, entity


def reading(partition: Partition, offset: int, **said: Any) -> Message:
    """A valid message with the given values; its numbers follow from its position."""
    at = START + timedelta(seconds=offset)
    return {
        "_topic_id": partition.topic_id, "_partition": partition.number, "_offset": offset,
        "_produced_at": at + timedelta(seconds=1), "_consumed_at": at + timedelta(seconds=2), "_key": b"sensor-1",
        "device_id": "sensor-1", "timestamp": at, "temperature": 20 + offset / 8, "humidity": 50.0,
        "firmware_version": "v1.2.0", **said,
    }  # fmt: skip


def faulty(
    partition: Partition, offset: int, fault: str = "not_json", value: bytes | None = b"{", **said: Any
) -> Message:
    """An invalid message."""
    names = ("device_id", "timestamp", "temperature", "humidity", "firmware_version")
    about = {"_fault": fault, "_fault_detail": f"{fault} here", "_value": value}
    return reading(partition, offset, **dict.fromkeys(names), **about, **said)


def as_rows(entity: Entity, messages: list[Message]) -> pa.Table:
    return pa.Table.from_pylist(messages, schema(entity))


class LakeInMemory:
    """What landing asks of the lake, kept in memory. `pieces` is the number of rows in a piece."""

    def __init__(self, pieces: int = 2) -> None:
        self.messages: dict[tuple[Partition, int], Message] = {}
        self.ends: dict[Partition, int] = {}
        self.pieces = pieces
        self.was_asked: list[dict[Partition, tuple[int, int]]] = []

    def write(self, *messages: Message, moves: bool = True) -> None:
        """Adds messages or replaces others; `moves` is false for what a replay adds."""
        for message in messages:
            partition, offset = Partition(message["_topic_id"], message["_partition"]), message["_offset"]
            self.messages[partition, offset] = message
            if moves:
                self.ends[partition] = max(offset + 1, self.ends.get(partition, 0))

    def state(self) -> State:
        valid = sum("_fault" not in message for message in self.messages.values())
        return State(f"snapshot-{len(self.messages)}-{valid}", dict(self.ends), len(self.messages), valid)

    def rows(self, spans: Mapping[Partition, tuple[int, int]]) -> Iterator[tuple[Partition, pa.Table]]:
        self.was_asked.append(dict(spans))
        _, entity = readings()
        for partition, (start, end) in spans.items():
            found = [self.messages[partition, at] for at in range(start, end) if (partition, at) in self.messages]
            for first in range(0, len(found), self.pieces):
                yield partition, as_rows(entity, found[first : first + self.pieces])

    @contextmanager
    def opened(self, _source: Source, _entity: Entity) -> Iterator["LakeInMemory"]:
        yield self
