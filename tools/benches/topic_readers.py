"""The least that reading a topic costs."""

import io
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.json
import pyarrow.parquet
from confluent_kafka import Consumer, Message, TopicPartition

from duckhouse.settings import kafka

BATCH = 100_000
ANSWER_SECONDS = 10.0


def drop(topic: str) -> None:
    """Polls every message that the topic holds now, and discards it."""
    for _ in _batches(topic):
        pass


def append(topic: str, out: str) -> None:
    """Appends the fields of the messages, as they are, to a Parquet file."""
    batches = _batches(topic)
    first = _table(next(batches))
    with pyarrow.parquet.ParquetWriter(out, first.schema, compression="zstd") as writer:
        writer.write_table(first)
        for batch in batches:
            writer.write_table(_table(batch, first.schema))


def _batches(topic: str) -> Iterator[list[Message]]:
    """All that the topic holds now, in batches."""
    settings = {"bootstrap.servers": kafka().bootstrap, "group.id": "topic_readers", "enable.auto.commit": False}
    consumer = Consumer({**settings, "auto.offset.reset": "earliest"})
    places = [TopicPartition(topic, number, 0) for number in consumer.list_topics(topic).topics[topic].partitions]
    left = sum(consumer.get_watermark_offsets(place, timeout=ANSWER_SECONDS)[1] for place in places)
    consumer.assign(places)
    batch: list[Message] = []
    while left:
        polled = [message for message in consumer.consume(min(left, 5_000), 1) if message.error() is None]
        left -= len(polled)
        batch += polled
        if len(batch) >= BATCH or not left:
            yield batch
            batch = []
    consumer.close()


def _table(batch: list[Message], schema: pa.Schema | None = None) -> pa.Table:
    """The fields of a batch, with the given schema if any, because not every batch has a message with all fields."""
    options = pyarrow.json.ParseOptions(
        explicit_schema=schema, unexpected_field_behavior="ignore" if schema else "infer"
    )
    return pyarrow.json.read_json(
        io.BytesIO(b"\n".join(message.value() or b"" for message in batch)), parse_options=options
    )
