"""The chapter on telemetry shows what plain Python makes of the messages."""

from collections import namedtuple
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from test_telemetry_marts import (
    DELIVERIES,
    LATE,
    MODELS,
    by_reading,
    delay,
    is_early,
    key,
    measured,
    messages,
    valid,
)

from duckhouse.reporting.chapters import telemetry as chapter
from duckhouse.settings import environment
from duckhouse.streaming.deliver import deliver
from support.chapters import found_in, page_of
from support.drops import NO_TESTS
from support.pages import Page
from support.readings import LakeInMemory, readings
from support.warehouse import warehouse

REPEATS = [measured(each) == measured(those[0]) for those in by_reading().values() for each in those[1:]]
InErrors = namedtuple("InErrors", "device_id event_date readings rules")


@pytest.fixture(scope="module")
def found() -> Iterator[dict[str, Any]]:
    lake = LakeInMemory(pieces=1_000)
    for delivered in DELIVERIES:
        lake.write(*delivered)
    with warehouse("telemetry", MODELS) as house:
        with environment(house.env):
            moment = datetime(2026, 3, 5, tzinfo=UTC)
            assert deliver(readings()[0], delivered_at=moment, dry_run=False, opened=lake.opened).delivery
        house.dbt("dev", "build", *NO_TESTS)
        yield found_in(house, chapter)


@pytest.fixture(scope="module")
def page(found: dict[str, Any]) -> Page:
    return page_of(chapter, found)


def test_headline_figures(page: Page) -> None:
    count, duplicates, conflicts = len(messages()), REPEATS.count(True), REPEATS.count(False)
    late, early = sum(delay(each) > LATE for each in valid()), sum(map(is_early, valid()))
    assert page.facts("Telemetry") == {
        "readings": f"{len(by_reading()):,}",
        "messages": f"{count:,}",
        "duplicates": f"{duplicates} {100 * duplicates / count:.2f}% of the messages",
        "conflicts": f"{conflicts} {100 * conflicts / count:.2f}% of the messages",
        "invalid": f"4 {100 * 4 / count:.2f}% of the messages",
        "late messages": f"{late}",
        "early messages": f"{early} of clocks that are ahead",
        "gaps within a day": "1",
        "devices": "8 6 with readings",
        "silent devices": "5",
        "devices that changed firmware": "1",
        "records read": f"{count:,} all accounted for",
    }


def test_days_are_drawn_and_listed(page: Page) -> None:
    title = "What became of the messages of each day?"
    days = sorted({each["timestamp"].date() for each in valid()}, reverse=True)
    assert [row[0] for row in page.table(title)] == [str(day) for day in days]
    assert len(page.charts(title)) == len(page.charts("How warm is it where devices are?")) == 1


def test_silent_devices_that_never_had_a_reading_come_first(page: Page) -> None:
    rows = page.table("Which devices have stopped sending?")
    assert {tuple(row[:3]) for row in rows[:2]} == {("never", "never", ""), ("unknown", "never", "")}
    assert [row[:3] for row in rows[2:]] == [
        ["same-time", "2026-03-01 05:00", "28"],
        ["twice", "2026-03-01 06:00", "27"],
        ["timeless", "2026-03-01 07:00", "26"],
    ]


def test_firmware_says_how_many_devices_run_it_now(page: Page) -> None:
    """upgraded has run all but v9, and runs v1.2.0 now."""
    assert [row[:3] for row in page.table("How well does each firmware do?")] == [
        ["v1.2.0", "5", "5"],
        ["v1.3.0", "1", "0"],
        ["v2.0.0", "1", "0"],
        ["v9", "1", "1"],
    ]


def test_reasons_of_invalid_messages_have_an_example(page: Page) -> None:
    rows = page.table("Why are messages no readings?")
    assert [row[:3] for row in rows] == [
        ["missing_field", "1", "2026-03-02"],
        *([reason, "1", "2026-03-01"] for reason in ("not_json", "out_of_range", "unparsable_timestamp")),
    ]
    assert rows[0][3] == "missing_field here"


def test_devices_with_most_that_is_wrong_come_first(page: Page) -> None:
    rows = page.table("Which devices send what is wrong?")
    assert [row[0] for row in rows[:2]] == ["twice", "upgraded"]  # three conflicts; two invalid and one late
    assert ["never", "none", "1", "1", "0", "0", "0", "yes"] in rows
    assert {row[0]: int(row[2]) for row in rows} == {
        name: sum(key(each) == name for each in messages()) for name in (row[0] for row in rows)
    }
    assert "only-ahead" not in {row[0] for row in rows}


def test_what_is_in_open_errors_stands_beside_the_total(found: dict[str, Any]) -> None:
    rows = [InErrors("steady", date(2026, 3, 1), 110, "telemetry__stuck_sensor,telemetry__unit_change")]
    page = page_of(chapter, {**found, "open_errors": rows})
    assert page.facts("Telemetry")["readings"] == f"{len(by_reading()):,} 110 of them in open errors"
    [row] = page.table("Which readings are in doubt?")
    assert row == ["steady", "2026-03-01", "110", "telemetry__stuck_sensor, telemetry__unit_change"]


def test_without_anything_wrong_the_chapter_says_so(found: dict[str, Any]) -> None:
    devices = [row._replace(faults=0, is_silent=False) for row in found["devices"]]
    page = page_of(chapter, {**found, "devices": devices, "invalid": []})
    assert "Every device sent a reading in the last day." in page.text
    assert "No device has an invalid, conflicting or late message, or a gap." in page.text
    assert "Invalid messages: none." in page.text
