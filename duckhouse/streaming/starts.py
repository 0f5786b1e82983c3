"""Where reading begins: what each store lacks, what Kafka still holds, and what only the other store can give."""

from collections.abc import Sequence
from typing import NamedTuple

from duckhouse.cli import UserError
from duckhouse.streaming.broker import Watermarks
from duckhouse.streaming.offsets import Offsets, Partition


class Stretch(NamedTuple):
    """The offsets of a partition from `start` up to before `end`."""

    partition: Partition
    start: int
    end: int


class CatchUp(NamedTuple):
    """What a store takes from another one; both are positions in the list of stores."""

    to: int
    of: int
    stretch: Stretch


class Start(NamedTuple):
    """`offset` is where Kafka is read from. `lost` is a stretch that no store has and that Kafka no longer holds."""

    offset: int
    catch_ups: Sequence[CatchUp]
    lost: Stretch | None


def start(partition: Partition, reached: Sequence[Offsets], held: Watermarks) -> Start:
    """Where to begin with a partition that stores have read up to `reached`, and of which Kafka holds `held`."""
    offsets = [offsets.get(partition, 0) for offsets in reached]
    furthest = max(offsets)
    end = min(furthest, held.low)
    catch_ups = [
        CatchUp(to, offsets.index(furthest), Stretch(partition, offset, end))
        for to, offset in enumerate(offsets)
        if offset < end
    ]
    lost = Stretch(partition, furthest, held.low) if furthest < held.low else None
    return Start(max(held.low, min(offsets)), catch_ups, lost)


def of_former_topics(topic_id: str, reached: Sequence[Offsets]) -> list[CatchUp]:
    """What stores lack of deleted topics with the same name: only another store still has it."""
    partitions = {partition for offsets in reached for partition in offsets if partition.topic_id != topic_id}
    ends = {partition: max(offsets.get(partition, 0) for offsets in reached) for partition in partitions}
    return [
        catch_up
        for partition, end in sorted(ends.items())
        for catch_up in start(partition, reached, Watermarks(end, end)).catch_ups
    ]


def refuse_truncated(topic: str, names: Sequence[str], partition: Partition, at: Sequence[Offsets], high: int) -> None:
    """Raises UserError where a store has read past the end of a partition."""
    for name, offsets in zip(names, at, strict=True):
        if offsets.get(partition, 0) > high:
            raise UserError(
                f"partition {partition.number} of {topic} ends at offset {high:,}, and the {name} has read up to "
                f"{offsets[partition]:,}: the topic was truncated, or KAFKA_BOOTSTRAP names a copy of it; nothing is "
                "read: name the right brokers, or delete the topic and create it again, and it is read from its start"
            )


def never_read(partition: Partition, reached: Sequence[Offsets]) -> bool:
    """Whether no store knows the partition, and either no topic was read before or this topic is already being read.

    In a recreated topic it is different: what it dropped before it was found is a loss.
    """
    known = {place for offsets in reached for place in offsets}
    topics = {place.topic_id for place in known}
    return partition not in known and (not topics or partition.topic_id in topics)
