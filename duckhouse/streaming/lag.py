"""How far the lake is behind a topic, asked of the brokers without reading a message."""

from collections.abc import Mapping
from typing import NamedTuple

from duckhouse.cli import UserError
from duckhouse.settings import kafka
from duckhouse.sources import Entity, Source
from duckhouse.streaming.broker import Away, Broker
from duckhouse.streaming.lake.iceberg import open_lake
from duckhouse.streaming.offsets import Partition


class Behind(NamedTuple):
    """The number of messages that the lake does not have, and the offset after the last one."""

    messages: int
    end: int


def behind(source: Source, entity: Entity) -> Mapping[int, Behind]:
    """The partitions in which the topic has more than the lake. Raises UserError where one of them does not answer."""
    with open_lake(source, entity) as lake:
        reached = lake.offsets()
    broker = Broker(kafka(), entity.topic or "")
    try:
        topic = broker.topic_id()
        held = {number: broker.watermarks(number) for number in broker.partitions()}
    except Away as away:
        raise UserError(str(away)) from None
    finally:
        broker.close()
    found = {
        number: Behind(high - max(low, reached.get(Partition(topic, number), 0)), high)
        for number, (low, high) in held.items()
    }
    return {number: place for number, place in found.items() if place.messages > 0}
