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


def written(offsets: Offsets) -> str:
    """As JSON: {"<topic id>": {"<partition>": <next offset>}}, sorted."""
    by_topic: dict[str, dict[str, int]] = {}
    for partition in sorted(offsets):
        by_topic.setdefault(partition.topic_id, {})[str(partition.number)] = offsets[partition]
    return json.dumps(by_topic, separators=(",", ":"))


def read(text: str) -> dict[Partition, int]:
    return {
        Partition(topic_id, int(number)): offset
        for topic_id, by_number in json.loads(text).items()
        for number, offset in by_number.items()
    }
