"""A lake of made-up readings, written without Kafka and the store, for measuring builds of telemetry."""

from collections.abc import Sequence
from datetime import UTC, datetime
from fractions import Fraction
from itertools import islice

import pyarrow as pa

from duckhouse.streaming.lake.iceberg import Lake, open_lake
from duckhouse.streaming.offsets import Partition
from duckhouse.streaming.parse import parsed
from duckhouse.streaming.rows import INSTANT
from duckhouse.streaming.running import stream_source
from tools.generators.telemetry.devices import SECOND_MS
from tools.generators.telemetry.generate import Fleet
from tools.generators.telemetry.planted import Sent

DEVICES = 1_000  # each sends one reading per minute
AN_HOUR = 60 * DEVICES
PARTITIONS = [Partition("made-up-readings-00000", number) for number in range(4)]
A_COMMIT = 500_000
START = 1_774_224_000_000  # 2026-03-23


class MadeUpReadings:
    """Adds to the lake that the environment names: each call continues where the previous one ended."""

    def __init__(self, most: int, devices: int = DEVICES) -> None:
        seconds = -(-most // devices) * 60
        self._messages = Fleet(devices, seconds, Fraction(devices, 60), START, seed=7, faults=False).messages()

    def add(self, count: int) -> None:
        source, entity = stream_source(None)
        messages = islice(self._messages, count)
        with open_lake(source, entity) as lake:
            while batch := list(islice(messages, A_COMMIT)):
                _write(lake, batch)


def _write(lake: Lake, messages: Sequence[Sent]) -> None:
    expected = lake.offsets()
    reached = {partition: expected.get(partition, 0) for partition in PARTITIONS}
    places = []
    for sent in messages:
        partition = PARTITIONS[int(sent.device_id.rpartition("-")[2]) % len(PARTITIONS)]
        places.append((partition, reached[partition]))
        reached[partition] += 1
    consumed_at = datetime.fromtimestamp(messages[-1].sent_at / SECOND_MS, UTC)
    envelope = pa.table(
        {
            "_topic_id": pa.array([partition.topic_id for partition, _ in places]),
            "_partition": pa.array([partition.number for partition, _ in places], pa.int32()),
            "_offset": pa.array([offset for _, offset in places], pa.int64()),
            "_produced_at": pa.array([sent.sent_at for sent in messages], pa.timestamp("ms", tz="UTC")).cast(INSTANT),
            "_consumed_at": pa.repeat(pa.scalar(consumed_at, INSTANT), len(messages)),
            "_key": pa.array([sent.device_id.encode() for sent in messages], pa.binary()),
        }
    )
    lake.write(parsed(lake.entity, envelope, [sent.value for sent in messages]), expected, reached)
