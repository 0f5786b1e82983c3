"""The UTC day and the publisher's own day of events, worked out by Python's zoneinfo, also where time zones change."""

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from support.drops import build, csv_of, deliver, event, keep
from support.warehouse import Warehouse

UTC = dt.UTC
MICROSECOND = dt.timedelta(microseconds=1)
HOUR = dt.timedelta(hours=1)

ZONES = {
    "new_york": "America/New_York",
    "london": "Europe/London",
    "kolkata": "Asia/Kolkata",
    "kiritimati": "Pacific/Kiritimati",
    "pago_pago": "Pacific/Pago_Pago",
    "havana": "America/Havana",
}
# days by their number of hours; in Havana the hour that is left out is the first
DAYS = {
    "new_york": {dt.date(2026, 3, 8): 23, dt.date(2026, 11, 1): 25, dt.date(2026, 7, 1): 24},
    "london": {dt.date(2026, 3, 29): 23, dt.date(2026, 10, 25): 25, dt.date(2026, 7, 1): 24},
    "kolkata": {dt.date(2026, 7, 1): 24},
    "kiritimati": {dt.date(2026, 7, 1): 24},
    "pago_pago": {dt.date(2026, 7, 1): 24},
    "havana": {dt.date(2026, 3, 8): 23},
}
UTC_MIDNIGHT = dt.datetime(2026, 7, 4, tzinfo=UTC)

READ = ("fct_ad_events", "fct_ad_events_daily", "fct_campaign_performance", "fct_publisher_performance")

HEADER = "publisher_id,publisher_name,timezone"
NEVER_MOVED = [f"{publisher},Same,{zone}" for publisher, zone in ZONES.items()] + ["broken,Unknown,Mars/Olympus"]
CHANGE = dt.datetime(2026, 1, 10, 20, tzinfo=UTC)


def local_midnight(publisher: str, day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), ZoneInfo(ZONES[publisher])).astimezone(UTC)


def moments(publisher: str) -> Iterator[tuple[str, dt.datetime]]:
    """Each hour of the days, the microseconds around their ends, and those around a midnight of UTC."""
    for day in DAYS[publisher]:
        start, end = local_midnight(publisher, day), local_midnight(publisher, day + dt.timedelta(days=1))
        for hour in range((end - start) // HOUR):
            yield f"{publisher}-{day}-hour-{hour}", start + hour * HOUR
        yield f"{publisher}-{day}-before", start - MICROSECOND
        yield f"{publisher}-{day}-last", end - MICROSECOND
        yield f"{publisher}-{day}-after", end
    yield f"{publisher}-utc-before", UTC_MIDNIGHT - MICROSECOND
    yield f"{publisher}-utc-midnight", UTC_MIDNIGHT


MOMENTS = {publisher: dict(moments(publisher)) for publisher in ZONES}
SPELLINGS = {
    "utc": lambda moment, zone: moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    "offset": lambda moment, zone: moment.astimezone(zone).isoformat(timespec="microseconds"),
}
# (event, publisher, moment): whose time zones change
MOVING = [
    ("old", "mover", dt.datetime(2026, 1, 5, 3, tzinfo=UTC)),
    ("between", "mover", dt.datetime(2026, 1, 7, 3, tzinfo=UTC)),
    ("just_before", "mover", CHANGE - MICROSECOND),
    ("at_the_change", "mover", CHANGE),
    ("leaver_old", "leaver", dt.datetime(2026, 1, 9, 2, tzinfo=UTC)),
    ("leaver_new", "leaver", dt.datetime(2026, 1, 11, 2, tzinfo=UTC)),
    ("broken", "broken", dt.datetime(2026, 1, 11, 2, tzinfo=UTC)),
    ("fresh", "fresh", dt.datetime(2026, 1, 20, 20, tzinfo=UTC)),
    ("plain", "plain", dt.datetime(2026, 1, 21, 20, tzinfo=UTC)),
    ("nobody", None, dt.datetime(2026, 1, 22, 20, tzinfo=UTC)),
]


@pytest.fixture(scope="module")
def stages(shared_house: Warehouse) -> dict[str, Warehouse]:
    house, stages = replace(shared_house, only=READ), {}

    still = [
        event(f"{event_id}-{spelling}", write(moment, ZoneInfo(ZONES[publisher])), publisher_id=publisher)
        for publisher, ids in MOMENTS.items()
        for event_id, moment in ids.items()
        for spelling, write in SPELLINGS.items()
    ]
    moving = [event(event_id, moment.isoformat(), publisher_id=publisher) for event_id, publisher, moment in MOVING]
    at_first = ["mover,M,America/New_York", "leaver,L,America/New_York"]
    deliver(house, 2, still + moving, publishers=csv_of(HEADER, *NEVER_MOVED, *at_first))
    build(house)
    stages["first"] = keep(house, "first")

    deliver(house, CHANGE.isoformat(), publishers=csv_of(HEADER, *NEVER_MOVED, "mover,M,Asia/Tokyo", "leaver,L,"))
    deliver(house, 12, [event("old", MOVING[0][2].isoformat(), 9, publisher_id="mover")])
    build(house)
    stages["moved"] = keep(house, "moved")

    older = [line.replace(",Same,", ",Renamed,") for line in NEVER_MOVED]
    deliver(house, "2026-01-06T20:00:00Z", publishers=csv_of(HEADER, *older, "mover,M,Asia/Tokyo"))
    deliver(house, 14, publishers=csv_of(HEADER, "fresh,F,Asia/Tokyo", "plain,P,UTC"))
    build(house)
    stages["late"] = keep(house, "late")
    return stages


@pytest.mark.parametrize("publisher", ZONES)
def test_an_event_has_its_utc_day_and_its_publishers_day(stages: dict[str, Warehouse], publisher: str) -> None:
    expected = {
        f"{event_id}-{spelling}": (moment.date(), moment.astimezone(ZoneInfo(ZONES[publisher])).date())
        for event_id, moment in MOMENTS[publisher].items()
        for spelling in SPELLINGS
    }
    query = f"select event_id, event_date, reporting_date from marts.fct_ad_events where publisher_id = '{publisher}'"
    for stage in stages.values():
        assert {event_id: tuple(days) for event_id, *days in stage.rows(query)} == expected


@pytest.mark.parametrize("publisher", ZONES)
def test_a_publishers_day_has_all_its_hours(stages: dict[str, Warehouse], publisher: str) -> None:
    hours = stages["first"].rows(
        "select reporting_date, count(distinct event_at) from marts.fct_ad_events "
        f"where publisher_id = '{publisher}' and event_id like '%-hour-%' group by 1"
    )
    assert dict(hours) == DAYS[publisher]


@pytest.mark.parametrize("table", ["fct_ad_events_daily", "fct_publisher_performance"])
def test_the_daily_marts_count_by_both_days(stages: dict[str, Warehouse], table: str) -> None:
    expected = Counter(
        (publisher, moment.date(), moment.astimezone(ZoneInfo(ZONES[publisher])).date())
        for publisher, ids in MOMENTS.items()
        for moment in ids.values()
        for _ in SPELLINGS
    )
    counted = stages["first"].rows(
        f"select publisher_id, event_date, reporting_date, sum(impressions) from marts.{table} "
        f"where publisher_id in {tuple(ZONES)} group by all"
    )
    assert {tuple(key): count for *key, count in counted} == expected


def own_days(stage: Warehouse) -> dict[str, int]:
    """The day of January on which each of the moving events is reported."""
    ids = tuple(event_id for event_id, *_ in MOVING)
    return dict(stage.rows(f"select event_id, day(reporting_date) from marts.fct_ad_events where event_id in {ids}"))


def test_a_new_time_zone_holds_from_its_delivery_on(stages: dict[str, Warehouse]) -> None:
    """20:00 UTC is 15:00 in New York and 05:00 of the next day in Tokyo; 02:00 UTC is an evening in New York."""
    first = {"old": 4, "between": 6, "just_before": 10, "at_the_change": 10, "leaver_old": 8, "leaver_new": 10}
    unknown = {"broken": 11, "fresh": 20, "plain": 21, "nobody": 22}
    assert own_days(stages["first"]) == {**first, **unknown}
    assert own_days(stages["moved"]) == {**first, **unknown, "at_the_change": 11, "leaver_new": 11}


def test_a_late_correction_of_an_old_event_keeps_the_old_time_zone(stages: dict[str, Warehouse]) -> None:
    corrected = "select revenue_usd, day(reporting_date) from marts.fct_ad_events where event_id = 'old'"
    assert stages["moved"].rows(corrected) == [(9, 4)]


def test_an_older_delivery_of_a_time_zone_takes_its_place(stages: dict[str, Warehouse]) -> None:
    changed = dict(own_days(stages["late"]).items() - own_days(stages["moved"]).items())
    assert changed == {"between": 7, "just_before": 11, "fresh": 21}


@pytest.mark.parametrize(
    "table", ["fct_ad_events", "fct_ad_events_daily", "fct_publisher_performance", "fct_campaign_performance"]
)
@pytest.mark.parametrize(
    ("before", "after", "concerned"), [("first", "moved", {5, 10, 11}), ("moved", "late", {7, 10, 20})]
)
def test_only_the_days_concerned_are_rebuilt(
    stages: dict[str, Warehouse], table: str, before: str, after: str, concerned: set[int]
) -> None:
    query = f"select distinct event_date, _day_version from marts.{table}"
    old, new = dict(stages[before].rows(query)), dict(stages[after].rows(query))
    assert old.keys() == new.keys()
    assert {day for day in new if new[day] != old[day]} == {dt.date(2026, 1, day) for day in concerned}
