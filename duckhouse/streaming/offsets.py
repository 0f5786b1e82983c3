"""Offsets: how far a topic has been read, by partition."""

import json
from collections.abc import Mapping
from typing import NamedTuple


class Partition(NamedTuple):
    """A partition of a topic. The topic's id tells a topic from one of the same name that was made after it."""

    topic_id: str
    number: int


Offsets = Mapping[Partition, int]
"""By partition the next offset to be read: all before it are in. A partition that is missing was never read."""


def by_topic(offsets: Offsets) -> dict[str, dict[str, int]]:
    """As {topic id: {partition: next offset}}, sorted, with keys that JSON takes."""
    topics: dict[str, dict[str, int]] = {}
    for partition in sorted(offsets):
        topics.setdefault(partition.topic_id, {})[str(partition.number)] = offsets[partition]
    return topics


def of_topics(topics: Mapping[str, Mapping[str, int]]) -> dict[Partition, int]:
    """What by_topic() was made from."""
    return {
        Partition(topic_id, int(number)): offset
        for topic_id, by_number in topics.items()
        for number, offset in by_number.items()
    }


def written(offsets: Offsets) -> str:
    """As JSON: {"<topic id>": {"<partition>": <next offset>}}, sorted."""
    return json.dumps(by_topic(offsets), separators=(",", ":"))


def read(text: str) -> dict[Partition, int]:
    return of_topics(json.loads(text))
