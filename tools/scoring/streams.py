"""Puts messages from a generator's file into the lake, as if they had come from a topic."""

import base64
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zlib import crc32

import pyarrow as pa

from duckhouse.sources import load_source
from duckhouse.streaming import rows
from duckhouse.streaming.lake.iceberg import open_lake
from duckhouse.streaming.offsets import Partition
from duckhouse.streaming.parse import ENVELOPE, parsed

TOPIC_ID, PARTITIONS = "generated", 4


def fill(source_name: str, messages: Path, until: datetime) -> None:
    """Writes the messages that were sent before `until` and are not in the lake yet."""
    source = load_source(source_name)
    [entity] = source.entities
    with open_lake(source, entity) as lake:
        there = lake.offsets()
        told = [
            (place, line)
            for place, line in _placed(messages)
            if line["sent_at"] < until and place[1] >= there.get(place[0], 0)
        ]
        values = [_value(line) for _, line in told]
        found = parsed(entity, _envelope(told), values)
        reached = dict(there)
        for (partition, offset), _ in told:
            reached[partition] = offset + 1
        lake.write(found, there, reached)


Placed = tuple[tuple[Partition, int], dict[str, Any]]


def _placed(messages: Path) -> Iterator[Placed]:
    """Each message with its partition, which follows from its key, and its offset there."""
    ends: Counter[Partition] = Counter()
    with messages.open(encoding="utf-8") as lines:
        for text in lines:
            line = json.loads(text)
            line["sent_at"] = datetime.fromisoformat(line["sent_at"])
            partition = Partition(TOPIC_ID, crc32(line["key"].encode()) % PARTITIONS)
            yield (partition, ends[partition]), line
            ends[partition] += 1


def _value(line: dict[str, Any]) -> bytes | None:
    if "value_base64" in line:
        return base64.b64decode(line["value_base64"])
    value: str | None = line["value"]
    return None if value is None else value.encode()


def _envelope(told: Sequence[Placed]) -> pa.Table:
    fields = [field for field in rows.PLACE + rows.ABOUT if field.name in ENVELOPE]
    return pa.Table.from_pylist(
        [
            {
                "_topic_id": partition.topic_id,
                "_partition": partition.number,
                "_offset": offset,
                "_produced_at": line["sent_at"].astimezone(UTC),
                "_consumed_at": line["sent_at"].astimezone(UTC) + timedelta(seconds=1),
                "_key": line["key"].encode(),
            }
            for (partition, offset), line in told
        ],
        schema=pa.schema(fields),
    )
