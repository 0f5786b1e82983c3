"""Brokers of the tests: a mock cluster for each test that asks for one, one Apache Kafka for a process of tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from tools.brokers import LocalBroker
from tools.brokers.apache import Apache, apache
from tools.brokers.jars import unavailable

_numbers = count(1)


@contextmanager
def apache_or_skip(folder: Path) -> Iterator[Apache]:
    """An Apache Kafka while the block runs; skips the test where it cannot be had."""
    if reason := unavailable():
        pytest.skip(f"only Apache Kafka can prove this: {reason}")
    with apache(folder) as node:
        yield node


def new_topic(broker: LocalBroker, partitions: int = 1) -> str:
    """The name of a topic that no other test of the broker has."""
    name = f"readings-{next(_numbers)}"
    broker.make_topic(name, partitions)
    return name
