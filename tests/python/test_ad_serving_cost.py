"""What a run rewrites: one late event in months of history touches the partitions of its day, and nothing else."""

import datetime as dt
import json
from collections.abc import Iterator

import clickhouse_connect
import pytest

from support.warehouse import Warehouse, warehouse

DAYS = 110  # more than ClickHouse takes into one block of an insert by default
FIRST = dt.date(2025, 1, 1)
LATE = FIRST + dt.timedelta(days=20)
NO_TESTS = ("--exclude-resource-type", "test", "unit_test")
BY_DAY = ("fct_ad_events", "fct_ad_events_daily", "fct_publisher_performance", "fct_campaign_performance")
CHANGED_EVENTS = "int_ad_serving__changed_events"  # has rows of the days that a delivery changed


@pytest.fixture(scope="module")
def year() -> Iterator[Warehouse]:
    """Months of one delivery, and built on both engines."""
    with warehouse() as house:
        deliver(house, "2026-01-01T06:00:00Z", [(f"e{day}-{n}", day) for day in range(DAYS) for n in range(3)])
        house.build(*NO_TESTS)
        yield house


def deliver(house: Warehouse, delivered_at: str, events: list[tuple[str, int]]) -> None:
    drop = house.folder / "drops" / delivered_at[:10]
    (drop / "events").mkdir(parents=True)
    lines = [
        json.dumps(
            {
                "event_id": event_id,
                "timestamp": f"{FIRST + dt.timedelta(days=day)}T10:00:00Z",
                "event_type": "impression",
                "publisher_id": 1,
                "campaign_id": 7,
                "is_filled": True,
                "revenue_usd": 0.5,
            }
        )
        for event_id, day in events
    ]
    (drop / "events" / "events.jsonl").write_text("\n".join(lines) + "\n")
    house.land(drop, "--delivered-at", delivered_at)


def partitions(house: Warehouse) -> dict[tuple[str, str], set[str]]:
    """The names of the parts of every table that is partitioned by day: a part that was rewritten has another name."""
    found: dict[tuple[str, str], set[str]] = {}
    with clickhouse_connect.get_client(host="127.0.0.1", port=house.clickhouse_port) as client:
        for table, partition, part in client.query(
            "select parts.table, parts.partition, parts.name from system.parts as parts "
            "join system.tables as tables on tables.database = parts.database and tables.name = parts.table "
            "where parts.active and tables.partition_key like '%toYYYYMMDD(event_date)%'"
        ).result_rows:
            found.setdefault((table, partition), set()).add(part)
    return found


def rebuilt_days(house: Warehouse, model: str) -> set[str]:
    """The days in the DELETE that DuckDB's last run of a model began with."""
    compiled = next((house.folder / "target-dev-first" / "compiled").rglob(f"{model}.sql")).read_text()
    days = {FIRST + dt.timedelta(days=day) for day in range(DAYS)}
    return {str(day) for day in days if f"'{day}'" in compiled}


def test_a_late_event_rewrites_its_day_only(year: Warehouse) -> None:
    before = partitions(year)
    tables = {table for table, _ in before}
    assert {*BY_DAY, "int_ad_serving__record_ledger"} <= tables
    assert len(before) == DAYS * len(tables)
    deliver(year, "2026-01-02T06:00:00Z", [("late", (LATE - FIRST).days)])
    year.build(*NO_TESTS)
    after = partitions(year)
    changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    assert changed == {(table, LATE.strftime("%Y%m%d")) for table in (*tables, CHANGED_EVENTS)}
    for model in (*BY_DAY, "int_ad_serving__record_ledger", CHANGED_EVENTS):
        assert rebuilt_days(year, model) == {str(LATE)}
    assert year.rows(
        "select count(*), sum(revenue_usd) from marts.fct_ad_events where event_date = date '2025-01-21'"
    ) == [(4, 2)]
    assert year.differences() == []


def test_a_new_publisher_rebuilds_no_day(year: Warehouse) -> None:
    before = partitions(year)
    drop = year.folder / "drops" / "publishers"
    drop.mkdir()
    (drop / "publishers.csv").write_text("publisher_id,publisher_name,timezone\n2,Two,Asia/Tokyo\n")
    year.land(drop, "--delivered-at", "2026-01-03T06:00:00Z")
    year.build(*NO_TESTS)
    assert partitions(year) == before
    assert rebuilt_days(year, "fct_ad_events") == set()
