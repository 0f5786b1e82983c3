"""The columns of landed data: rows of an entity, the list of files, rejected records."""

from duckhouse.arrow import pa
from duckhouse.landed_types import LANDED_TYPES, TIMESTAMP
from duckhouse.sources import STREAM, Entity, Source

_ORIGIN = [("_delivery_id", pa.string()), ("_delivered_at", TIMESTAMP.arrow), ("_source_file", pa.string())]

FILES_SCHEMA = pa.schema(
    [
        *_ORIGIN,
        ("entity", pa.string()),
        ("format", pa.string()),
        ("size_bytes", pa.int64()),
        ("sha256", pa.string()),
        ("records_read", pa.int64()),
        ("records_landed", pa.int64()),
        ("records_rejected", pa.int64()),
        ("records_blank", pa.int64()),
        ("retracts_delivery_id", pa.string()),
        ("retraction_reason", pa.string()),
    ]
)
REJECTED_SCHEMA = pa.schema(
    [
        *_ORIGIN,
        ("_source_row", pa.int64()),
        ("entity", pa.string()),
        ("reason", pa.string()),
        ("raw_text", pa.string()),
    ]
)
_OF_MESSAGES = [("_produced_at", TIMESTAMP.arrow), ("_consumed_at", TIMESTAMP.arrow)]
_PLACES_OF_MESSAGES = [("_topic_id", pa.string()), ("_partition", pa.int64())]
REJECTED_MESSAGES_SCHEMA = pa.schema([*REJECTED_SCHEMA, *_OF_MESSAGES, ("_key", pa.string()), ("_detail", pa.string())])
"""For streams: rejected records with the times and the key of their messages, and what is wrong with the field."""


def landed_schema(entity: Entity) -> pa.Schema:
    """The columns of a landed row: the entity's, text unless it gives a type, then where the row comes from."""
    columns = [(column.name, LANDED_TYPES[column.data_type].arrow) for column in entity.columns]
    of_messages = [*_OF_MESSAGES, *_PLACES_OF_MESSAGES] if entity.topic else []
    return pa.schema([*columns, *_ORIGIN, ("_source_row", pa.int64()), ("_unmapped", pa.string()), *of_messages])


def schemas(source: Source) -> dict[str, pa.Schema]:
    """The columns in every folder of a delivery: the source's entities, and the tables that the landing zone adds."""
    entities = {entity.name: landed_schema(entity) for entity in source.entities}
    rejected = REJECTED_MESSAGES_SCHEMA if source.kind == STREAM else REJECTED_SCHEMA
    return {**entities, "_files": FILES_SCHEMA, "_rejected": rejected}
