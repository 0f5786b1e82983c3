"""Rows of messages: one row per message of the topic, valid or not, as an Arrow table that both stores accept."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from duckhouse.cli import UserError
from duckhouse.sources import Column, Entity
from duckhouse.streaming.offsets import Partition

INSTANT = pa.timestamp("us", tz="UTC")
TYPES = {
    "text": pa.string(),
    "exact": pa.string(),
    "category": pa.string(),
    "id": pa.string(),
    "lower": pa.string(),
    "upper": pa.string(),
    "number": pa.float64(),
    "integer": pa.int64(),
    "boolean": pa.bool_(),
    "timestamp": INSTANT,
}
"""The Arrow type of a declared column, by its type in the declaration."""
PLACE = (
    pa.field("_topic_id", pa.string(), nullable=False),
    pa.field("_partition", pa.int32(), nullable=False),
    pa.field("_offset", pa.int64(), nullable=False),
)
"""The key of a message."""
ABOUT = (
    pa.field("_produced_at", INSTANT),  # the time that the broker keeps with the message
    pa.field("_consumed_at", INSTANT, nullable=False),
    pa.field("_key", pa.binary()),
    pa.field("_fault", pa.string()),  # why the message is invalid: a code; NULL for a valid one
    pa.field("_fault_detail", pa.string()),  # the field, and what is wrong with it
    pa.field("_value", pa.binary()),  # the bytes of an invalid message; NULL for a valid one and for a tombstone
    pa.field("_unmapped", pa.string()),  # the fields that the declaration does not name, as JSON
)


def schema(entity: Entity) -> pa.Schema:
    """The columns of an entity's rows: the place of the message, what is known about it, then the declared columns."""
    return pa.schema([*PLACE, *ABOUT, *(pa.field(column.name, _type(entity, column)) for column in entity.columns)])


def places(rows: pa.Table) -> Iterator[tuple[Partition, int]]:
    """The partition and the offset of each row."""
    columns = (rows.column(field.name).to_pylist() for field in PLACE)
    for topic_id, number, offset in zip(*columns, strict=True):
        yield Partition(topic_id, number), offset


def of_partition(rows: pa.Table, partition: Partition) -> pa.Table:
    of_topic = pc.equal(rows["_topic_id"], partition.topic_id)
    return rows.filter(pc.and_(of_topic, pc.equal(rows["_partition"], partition.number)))


def valid(rows: pa.Table) -> pa.Table:
    return rows.filter(pc.is_null(rows["_fault"]))


def invalid(rows: pa.Table) -> pa.Table:
    return rows.filter(pc.is_valid(rows["_fault"]))


def _type(entity: Entity, column: Column) -> pa.DataType:
    if column.type not in TYPES:
        raise UserError(f"{entity.name}.{column.name}: type {column.type!r}: a message may have {', '.join(TYPES)}")
    return TYPES[column.type]
