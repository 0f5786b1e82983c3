"""dim_dates has the days from the first to the last event of all sources that are built, the same on both engines."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import clickhouse_connect
import pytest

from support import consent, drops
from support.warehouse import Warehouse, warehouse

DAY = dt.timedelta(days=1)
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
          "December")  # fmt: skip
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
COLUMNS = ("date_day", "year", "quarter", "month", "month_name", "month_start", "iso_year", "iso_week", "day_of_week",
           "day_name", "is_weekend")  # fmt: skip
BROKEN = (dt.date(1900, 2, 3), dt.date(2299, 5, 6))
COMPANIES = [("c1", "media", "media", "France")]

Rows = list[tuple[Any, ...]]


def row(day: dt.date) -> tuple[Any, ...]:
    iso = day.isocalendar()
    return (
        day, day.year, (day.month + 2) // 3, day.month, MONTHS[day.month - 1], day.replace(day=1), iso.year, iso.week,
        iso.weekday, DAYS[iso.weekday - 1], iso.weekday > 5,
    )  # fmt: skip


def rows(first: dt.date, last: dt.date) -> Rows:
    return [row(first + place * DAY) for place in range((last - first).days + 1)]


def rows_of(house: Warehouse, target: str) -> Rows:
    query = f"select {', '.join(COLUMNS)} from marts.dim_dates order by date_day"
    if target == "dev":
        return house.rows(query)
    with clickhouse_connect.get_client(host="127.0.0.1", port=house.clickhouse_port) as client:
        found = client.query(query.replace("marts.", "duckhouse_marts."))
    return [tuple(values) for values in found.result_rows]


def build(house: Warehouse, target: str, source: str) -> None:
    house.dbt(target, "build", "--select", f"source:{source}+,+dim_dates", "time_zones", *drops.NO_TESTS)
    house.dbt(target, "test", "--select", "dim_dates")


@pytest.fixture(scope="module", params=["dev", "prod"])
def stages(request: pytest.FixtureRequest) -> Iterator[Mapping[str, Rows]]:
    """What the table holds: before any event, with events of consent, with other bounds, and with a second source."""
    target, found = request.param, {}
    with warehouse("consent") as house:

        def stage(name: str, source: str = "consent") -> None:
            house.run("push")
            build(house, target, source)
            found[name] = rows_of(house, target)

        consent.deliver(house, 1, companies=COMPANIES)
        stage("no event")
        at = ("2025-12-28 10:00:00.000", "2026-01-05 23:59:59.999", *(f"{day} 12:00:00.000" for day in BROKEN))
        consent.deliver(house, 2, [consent.event(f"e{place}", "c1", at=when) for place, when in enumerate(at)])
        stage("one source")
        for name, first, last in (("wide", "1900-01-01", "2299-12-31"), ("narrow", "2025-12-30", "2026-06-30")):
            house.dbt(target, "run", "--select", "dim_dates", "--vars", f"{{first_date: {first}, last_date: {last}}}")
            found[name] = rows_of(house, target)
        serving = Warehouse(house.folder, house.clickhouse_port, source="ad_serving")
        drops.deliver(serving, "2026-02-02T06:00:00Z", [drops.event("a", "2026-02-01T10:00:00Z")])
        stage("two sources", "ad_serving")
        yield found


def test_before_any_event_there_is_no_day(stages: Mapping[str, Rows]) -> None:
    assert stages["no event"] == []


def test_there_is_a_row_for_each_day_from_the_first_event_to_the_last(stages: Mapping[str, Rows]) -> None:
    assert stages["one source"] == rows(dt.date(2025, 12, 28), dt.date(2026, 1, 5))


@pytest.mark.parametrize(
    ("bounds", "first", "last"),
    [("wide", *BROKEN), ("narrow", dt.date(2026, 1, 5), dt.date(2026, 1, 5))],
)
def test_a_broken_date_counts_where_the_bounds_admit_it(
    stages: Mapping[str, Rows], bounds: str, first: dt.date, last: dt.date
) -> None:
    assert stages[bounds] == rows(first, last)


def test_the_days_of_all_sources_that_are_built_count(stages: Mapping[str, Rows]) -> None:
    assert stages["two sources"] == rows(dt.date(2025, 12, 28), dt.date(2026, 2, 1))


def test_rows_are_worked_out_by_hand_too() -> None:
    """The calendar that the tests expect, where year and ISO year differ."""
    expected: Sequence[tuple[Any, ...]] = [
        (dt.date(2025, 12, 28), 2025, 4, 12, "December", dt.date(2025, 12, 1), 2025, 52, 7, "Sunday", True),
        (dt.date(2025, 12, 29), 2025, 4, 12, "December", dt.date(2025, 12, 1), 2026, 1, 1, "Monday", False),
    ]
    assert rows(dt.date(2025, 12, 28), dt.date(2025, 12, 29)) == expected
