"""Offsets: how far a topic has been read, by partition."""

import json
from collections.abc import Mapping
from typing import NamedTuple


class Partition(NamedTuple):
    """A partition of a topic. The topic's id distinguishes the topic from a later one with the same name."""

    topic_id: str
    number: int


Offsets = Mapping[Partition, int]
"""For each partition the next offset to read: all earlier messages are stored. A missing partition was never read."""


def by_topic(offsets: Offsets) -> dict[str, dict[str, int]]:
    """As {topic id: {partition: next offset}}, sorted, with keys that JSON takes."""
    topics: dict[str, dict[str, int]] = {}
    for partition in sorted(offsets):
        topics.setdefault(partition.topic_id, {})[str(partition.number)] = offsets[partition]
    return topics


def of_topics(topics: Mapping[str, Mapping[str, int]]) -> dict[Partition, int]:
    """The inverse of by_topic()."""
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
