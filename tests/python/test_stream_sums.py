"""What a generator sent is what both stores hold: the sums of the stream, for each device and each partition."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from confluent_kafka import Consumer, TopicPartition

from duckhouse.embedded.postgres import Embedded
from duckhouse.settings import environment
from duckhouse.streaming.batch import Limits
from duckhouse.streaming.lake.iceberg import open_lake
from duckhouse.streaming.summary import Summary
from support.store import ENTITY, SOURCE, Opened, new_store
from support.streams import SECONDS, Stream
from tools import generate
from tools.brokers.mock import MockCluster, mock_cluster

TOPIC = "device-readings"
PARTITIONS = 3
TABLES = {
    "readings": "readings",
    "duplicates": "reading_duplicates",
    "conflicts": "reading_conflicts",
    "invalid": "dead_letters",
}


class Consumed:
    """The truth of a generator, what the consumer says, and the rows of both stores."""

    def __init__(
        self, truth: dict[str, Any], produced: dict[int, int], summary: Summary, lake: pa.Table, opened: Opened
    ) -> None:
        self.truth = truth
        self.produced = produced
        self.summary = summary
        self.lake = lake.to_pylist()
        self.opened = opened

    def by_device(self, table: str) -> dict[str, int]:
        found = self.opened.sql(f"select convert_from(_key, 'UTF8'), count(*) from {TABLES[table]} group by 1")
        return dict(found)

    def by_partition(self, *tables: str) -> Counter[int]:
        counts: Counter[int] = Counter()
        for table in tables:
            counts.update(dict(self.opened.sql(f"select _partition, count(*) from {TABLES[table]} group by 1")))
        return counts

    def told(self, *names: str) -> dict[str, int]:
        """The sum of these counts of the truth for each device that has some."""
        sums = {name: sum(_number(counts[key]) for key in names) for name, counts in self.truth["devices"].items()}
        return {name: number for name, number in sums.items() if number}


def _number(count: int | dict[str, int]) -> int:
    return sum(count.values()) if isinstance(count, dict) else count


@pytest.fixture(scope="module")
def consumed(postgres: Embedded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Consumed]:
    folder: Path = tmp_path_factory.mktemp("sums")
    places = {"DUCKHOUSE_LAKE": str(folder / "lake"), "DUCKHOUSE_LAKE_CATALOG": ""}
    with mock_cluster() as mock, environment(places), new_store("partitions", postgres) as opened:
        mock.make_topic(TOPIC, PARTITIONS)
        words = ("--devices", "40", "--seconds", "100", "--rate", "80", "--faults", "--bootstrap", mock.bootstrap)
        generate.main(["telemetry", *words, "--out", str(folder / "truth")])
        truth = json.loads((folder / "truth" / "truth.json").read_text())
        with open_lake(SOURCE, ENTITY) as lake:
            summary = Stream(mock.bootstrap, TOPIC, lake, opened.store).once(limits=Limits(rows=1_000))
            rows = lake.table.refresh().scan().to_arrow()
        produced = {number: _end(mock, number) for number in range(PARTITIONS)}
        yield Consumed(truth, produced, summary, rows, opened)


def _end(mock: MockCluster, partition: int) -> int:
    asked = Consumer({"bootstrap.servers": mock.bootstrap, "group.id": "watching"})
    try:
        return asked.get_watermark_offsets(TopicPartition(TOPIC, partition), SECONDS)[1]
    finally:
        asked.close()


def test_what_was_produced_is_in_the_lake(consumed: Consumed) -> None:
    assert Counter(row["_key"].decode() for row in consumed.lake) == consumed.told("messages")
    assert Counter(row["_partition"] for row in consumed.lake) == consumed.produced
    assert len({(row["_partition"], row["_offset"]) for row in consumed.lake}) == len(consumed.lake)


def test_what_is_valid_in_the_lake_is_a_reading_a_duplicate_or_a_conflict(consumed: Consumed) -> None:
    valid = [row for row in consumed.lake if row["_fault"] is None]
    assert Counter(row["_key"].decode() for row in valid) == consumed.told("readings", "duplicates", "conflicts")
    for table in ("readings", "duplicates", "conflicts"):
        assert consumed.by_device(table) == consumed.told(table), table
    in_store = consumed.by_partition("readings", "duplicates", "conflicts")
    assert Counter(row["_partition"] for row in valid) == in_store


def test_what_is_invalid_is_a_dead_letter_with_its_reason(consumed: Consumed) -> None:
    invalid = [row for row in consumed.lake if row["_fault"] is not None]
    assert consumed.by_device("invalid") == consumed.told("invalid")
    assert Counter(row["_partition"] for row in invalid) == consumed.by_partition("invalid")
    query = "select convert_from(_key, 'UTF8'), _fault, count(*) from dead_letters group by 1, 2"
    found = {(device, fault): count for device, fault, count in consumed.opened.sql(query)}
    assert found == Counter((row["_key"].decode(), row["_fault"]) for row in invalid)
    assert found == {
        (device, fault): count
        for device, counts in consumed.truth["devices"].items()
        for fault, count in counts["invalid"].items()
    }


def test_the_summary_says_what_the_truth_does(consumed: Consumed) -> None:
    totals, summary = consumed.truth["totals"], consumed.summary
    assert dict(summary.invalid) == totals["invalid"]
    for name in ("valid", "late", "early"):
        assert getattr(summary, name) == totals[name] > 0, name
    assert summary.consumed == totals["messages"]


def test_a_field_that_is_not_declared_is_kept(consumed: Consumed) -> None:
    with_battery = [row for row in consumed.lake if "battery_percent" in (row["_unmapped"] or "")]
    assert len(with_battery) == consumed.truth["totals"]["schemas"]["v3"] > 0
    assert sum(row["pressure"] is not None for row in consumed.lake) == sum(
        consumed.truth["totals"]["schemas"][name] for name in ("v2", "v3")
    )
