"""The chapter on telemetry shows what plain Python makes of the messages."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from test_report_quality import table_after, text_of
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

from duckhouse.settings import environment
from duckhouse.streaming.deliver import deliver
from support.drops import NO_TESTS
from support.readings import LakeInMemory, readings
from support.warehouse import Warehouse, warehouse

REPEATS = [measured(each) == measured(those[0]) for those in by_reading().values() for each in those[1:]]


@pytest.fixture(scope="module")
def printed_and_page() -> Iterator[tuple[str, str]]:
    lake = LakeInMemory(pieces=1_000)
    for delivered in DELIVERIES:
        lake.write(*delivered)
    with warehouse("telemetry", MODELS) as house:
        _deliver(house, lake)
        house.dbt("dev", "build", *NO_TESTS)
        path = house.folder / "report.html"
        yield house.run("report", "--out", path).stdout, path.read_text(encoding="utf-8")


def _deliver(house: Warehouse, lake: LakeInMemory) -> None:
    moment = datetime(2026, 3, 5, tzinfo=UTC)
    with environment(house.env):
        assert deliver(readings()[0], delivered_at=moment, dry_run=False, opened=lake.opened).delivery


@pytest.fixture(scope="module")
def page(printed_and_page: tuple[str, str]) -> str:
    return printed_and_page[1]


def test_the_chapter_stands_alone(page: str) -> None:
    assert re.findall(r"<h1[^>]*>([^<]*)</h1>", page) == ["Telemetry"]
    assert page.count("<figure") == 3


def test_headline_figures(printed_and_page: tuple[str, str]) -> None:
    printed, page = printed_and_page
    count, duplicates, conflicts = len(messages()), REPEATS.count(True), REPEATS.count(False)
    late, early = sum(delay(each) > LATE for each in valid()), sum(map(is_early, valid()))
    for name, figure in (
        ("devices, with readings", "8, 6"),
        ("that changed their firmware", "1"),
        ("messages", f"{count:,}"),
        ("readings", f"{len(by_reading()):,}"),
        ("duplicates", f"{duplicates} ({100 * duplicates / count:.2f}%)"),
        ("conflicts", f"{conflicts} ({100 * conflicts / count:.2f}%)"),
        ("invalid", f"4 ({100 * 4 / count:.2f}%)"),
        ("late messages, early ones", f"{late}, {early}"),
        ("gaps within a day", "1"),
        ("records read", f"{count:,}, all accounted for"),
    ):
        assert f"<dt>{name}</dt><dd>{figure}</dd>" in page
        assert re.search(rf"^ *{re.escape(name)} +{re.escape(figure)}$", printed, re.MULTILINE)


def test_firmware_says_how_many_devices_run_it_now(page: str) -> None:
    """upgraded has run all but v9, and runs v1.2.0 now."""
    assert [row[:3] for row in table_after(page, "Firmware")] == [
        ["v1.2.0", "5", "5"],
        ["v1.3.0", "1", "0"],
        ["v2.0.0", "1", "0"],
        ["v9", "1", "1"],
    ]


def test_reasons_of_invalid_messages_have_an_example(page: str) -> None:
    rows = table_after(page, "Messages that are no readings")
    assert [row[:3] for row in rows] == [
        [reason, "1", "1"] for reason in ("missing_field", "not_json", "out_of_range", "unparsable_timestamp")
    ]
    assert rows[0][3] == "missing_field here"


def test_devices_with_most_that_is_wrong_come_first(page: str) -> None:
    rows = table_after(page, "Devices to look at")
    assert [row[0] for row in rows[:2]] == ["twice", "upgraded"]  # three conflicts; two invalid and one late
    assert ["never", "none", "none", "1", "1", "0", "0", "0"] in rows
    assert {row[0]: int(row[3]) for row in rows} == {
        name: sum(key(each) == name for each in messages()) for name in (row[0] for row in rows)
    }
    assert "only-ahead" not in text_of(page.split("<h2>Devices to look at</h2>", 1)[1])
