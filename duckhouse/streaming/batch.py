"""A batch: the rows of polled messages, and how far the partitions have been read with them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic

import numpy as np
import pyarrow as pa
from confluent_kafka import TIMESTAMP_NOT_AVAILABLE, Message

from duckhouse.sources import Entity
from duckhouse.streaming import rows
from duckhouse.streaming.broker import Polled
from duckhouse.streaming.parse import ENVELOPE, parsed

MILLISECONDS = (
    int(datetime(1, 1, 1, tzinfo=UTC).timestamp() * 1000),
    int(datetime(9999, 12, 31, tzinfo=UTC).timestamp() * 1000),
)
"""A producer may send any number as the time of a message; times outside of these years count as missing."""


@dataclass
class Limits:
    """A batch ends with the first of these: rows, seconds since its first message, bytes of its messages."""

    rows: int = 100_000
    seconds: float = 10.0
    bytes: int = 24 << 20


@dataclass
class Batch:
    entity: Entity
    topic_id: str
    pieces: list[pa.Table] = field(default_factory=list)
    reached: dict[int, int] = field(default_factory=dict)
    """For each partition, the offset after the last one that was read."""
    count: int = 0
    bytes: int = 0
    largest: int = 0
    """Size in bytes of the largest message of the last poll; a new batch inherits it from the previous one."""
    began: float = 0.0

    def add(self, polled: Polled) -> None:
        messages = polled.messages
        if messages:
            self.began = self.began or monotonic()
            values = [message.value() for message in messages]
            sizes = [len(value) for value in values if value is not None]
            self.largest = max(sizes, default=0)
            self.bytes += sum(sizes)
            self.count += len(messages)
            self.pieces.append(parsed(self.entity, envelope(self.topic_id, messages), values))
        for message in messages:
            self.reached[message.partition() or 0] = (message.offset() or 0) + 1
        for number, end in polled.ends.items():
            self.reached[number] = max(end, self.reached.get(number, 0))

    def is_full(self, limits: Limits) -> bool:
        is_late = self.began > 0 and monotonic() - self.began >= limits.seconds
        return self.count >= limits.rows or self.bytes >= limits.bytes or is_late

    def rows(self) -> pa.Table:
        return pa.concat_tables([rows.schema(self.entity).empty_table(), *self.pieces])


def envelope(topic_id: str, messages: Sequence[Message], consumed_at: datetime | None = None) -> pa.Table:
    """The places and times of messages: the columns of ENVELOPE."""
    count = len(messages)
    at = pa.scalar(consumed_at or datetime.now(UTC), rows.INSTANT)
    columns = {
        "_topic_id": pa.repeat(pa.scalar(topic_id), count),
        "_partition": np.array([message.partition() for message in messages], np.int32),
        "_offset": np.array([message.offset() for message in messages], np.int64),
        "_produced_at": _instants([message.timestamp() for message in messages]),
        "_consumed_at": pa.repeat(at, count),
        "_key": pa.array([message.key() for message in messages], pa.binary()),
    }
    fields = [field for field in rows.PLACE + rows.ABOUT if field.name in ENVELOPE]
    return pa.table([columns[field.name] for field in fields], schema=pa.schema(fields))


def _instants(timestamps: Sequence[tuple[int, int]]) -> pa.Array:
    kinds = np.array([kind for kind, _ in timestamps], np.int8)
    at = np.array([milliseconds for _, milliseconds in timestamps], np.int64)
    is_none = (kinds == TIMESTAMP_NOT_AVAILABLE) | (at < MILLISECONDS[0]) | (at > MILLISECONDS[1])
    microseconds = pa.array(np.where(is_none, 0, at) * 1000, mask=is_none)
    return microseconds.cast(rows.INSTANT)
