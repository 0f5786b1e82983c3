"""The least that reading a topic costs: python -m tools.benches.topic_readers (drop | parquet) TOPIC [OUT]

`drop` polls every message and forgets it; `parquet` appends the fields of each batch to a Parquet file, as they are.
"""

import argparse
import io
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.json
import pyarrow.parquet
from confluent_kafka import Consumer, Message, TopicPartition

from duckhouse import cli
from duckhouse.settings import kafka

BATCH = 100_000
ANSWER_SECONDS = 10.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.benches.topic_readers", description=__doc__)
    parser.add_argument("way", choices=["drop", "parquet"])
    parser.add_argument("topic")
    parser.add_argument("out", nargs="?")
    options = parser.parse_args()
    batches = _batches(options.topic)
    if options.way == "drop":
        print(sum(len(batch) for batch in batches))
        return 0
    first = _table(next(batches))
    with pyarrow.parquet.ParquetWriter(options.out, first.schema, compression="zstd") as writer:
        writer.write_table(first)
        for batch in batches:
            writer.write_table(_table(batch).cast(first.schema))
    return 0


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


def _table(batch: list[Message]) -> pa.Table:
    return pyarrow.json.read_json(io.BytesIO(b"\n".join(message.value() or b"" for message in batch)))


if __name__ == "__main__":
    cli.run(main)
