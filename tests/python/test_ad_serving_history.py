"""The versions of publishers, campaigns and ad units, whatever arrives when: one story, built step by step."""

import datetime as dt
import shutil
from dataclasses import dataclass, replace
from typing import Any

import clickhouse_connect
import pytest

from support.drops import build, csv_of, deliver, event, keep
from support.warehouse import Warehouse, landed_again

BEGINNING = dt.datetime(1900, 1, 1)
DAY = {day: dt.datetime(2026, 1, day, 6) for day in range(1, 32)}
NOON = dt.datetime(2026, 1, 6, 12)

PUBLISHERS = (
    "publisher_id,publisher_name,publisher_category,primary_domain,account_manager,country,timezone,"
    "created_at,updated_at"
)
CAMPAIGNS = (
    "campaign_id,campaign_name,advertiser_id,advertiser_name,status,start_date,end_date,budget_usd,"
    "device_targeting,country_targeting,created_at"
)
AD_UNITS = "ad_unit_id,publisher_id,ad_unit_name,ad_format,ad_size,placement_type,is_active,created_at"

READ = (
    "dim_publishers",
    "dim_publishers_history",
    "dim_campaigns",
    "dim_campaigns_history",
    "dim_ad_units",
    "dim_ad_units_history",
    "fct_ad_events",
    "fct_ad_events_at_event_time",
)

# each attribute of each dimension before and after a change: the only one of its key that changes
CHANGES = {
    "publishers": {
        "publisher_name": ("One", "Two"),
        "publisher_category": ("news", "News"),
        "primary_domain": ("a.example", "b.example"),
        "account_manager": ("Ann", "Bob"),
        "country": ("US", "CA"),
        "timezone": ("America/New_York", "America/Toronto"),
        "created_at": ("2025-01-01T00:00:00.000001Z", "2025-01-01T00:00:00.000002Z"),
    },
    "campaigns": {
        "campaign_name": ("Spring", "Summer"),
        "advertiser_id": ("7", "8"),
        "advertiser_name": ("Acme", "Acme Inc"),
        "status": ("active", "paused"),
        "start_date": ("2026-01-01", "2026-01-02"),
        "end_date": ("2026-01-30", "2026-01-31"),
        "budget_usd": ("100.000001", "100.000002"),
        "device_targeting": ("ctv", "ctv;mobile"),
        "country_targeting": ("US", "CA"),
        "created_at": ("2025-01-01T00:00:00Z", "2025-01-02T00:00:00Z"),
    },
    "ad_units": {
        "publisher_id": ("1", "2"),
        "ad_unit_name": ("Top", "Bottom"),
        "ad_format": ("Banner", "Video"),
        "ad_size": ("300x250", "728x90"),
        "placement_type": ("header", "footer"),
        "is_active": ("true", "false"),
        "created_at": ("2025-01-01T00:00:00Z", "2025-01-02T00:00:00Z"),
    },
}
HEADERS = {"publishers": PUBLISHERS, "campaigns": CAMPAIGNS, "ad_units": AD_UNITS}

# what the publishers file of each day of January says: {key: {column: value}}
SAYS: dict[int, dict[str, dict[str, str]]] = {
    1: {"early": {"publisher_name": "Older"}},
    2: {
        "flip": {"publisher_name": "A"},
        "gone": {"publisher_name": "Still"},
        "back": {"publisher_name": "Before"},
        "empty": {"country": "US"},
        "cells": {"publisher_name": "ab", "publisher_category": "c"},
        "tilde": {"publisher_category": "~"},
        "stamp": {"publisher_name": "Same", "updated_at": "2026-01-01T00:00:00Z"},
        "split": {"publisher_name": "X"},
        "extend": {"publisher_name": "P"},
        "early": {"publisher_name": "Known"},
        "twin": {"publisher_name": "Alone"},
    },
    3: {
        "flip": {"publisher_name": "A"},
        "split": {"publisher_name": "Y"},
        "extend": {"publisher_name": "Q"},
    },
    4: {
        "flip": {"publisher_name": "B"},
        "empty": {},
        "cells": {"publisher_name": "a", "publisher_category": "bc"},
        "tilde": {},
        "stamp": {"publisher_name": "Same", "updated_at": "2026-01-04T00:00:00Z"},
        "split": {"publisher_name": "X"},
        "extend": {"publisher_name": "Q"},
    },
    6: {
        "flip": {"publisher_name": "A"},
        "gone": {"publisher_name": "Still"},
        "back": {"publisher_name": "After"},
        "empty": {"country": "US"},
    },
    8: {"flip": {"publisher_name": "B"}, "extend": {"publisher_name": "Q"}},
}


@dataclass(frozen=True)
class Story:
    first: Warehouse
    in_order: Warehouse
    late: Warehouse
    at_once: dict[str, list[tuple]]
    pruned: Warehouse
    rebuilt: Warehouse
    twins: dict[str, str]


@pytest.fixture(scope="module")
def story(shared_house: Warehouse) -> Story:
    """Two deliveries in order, then two older ones, then landing loses the first and the marts are made anew."""
    house = replace(shared_house, only=READ)
    first_id = deliver(house, 2, EVENTS, publishers=publishers(2), **changing(0))
    build(house)
    first = keep(house, "first")

    deliver(house, 4, publishers=publishers(4), **changing(1))
    deliver(house, 6, publishers=publishers(6))
    twins = {
        deliver(
            house, "2026-01-06T12:00:00Z", **{f"publishers/{name}": csv_of(PUBLISHERS, f"twin,{name},,,,,,,")}
        ): name
        for name in ("Left", "Right")
    }
    build(house)
    in_order = keep(house, "in-order")

    deliver(house, 3, publishers=publishers(3))
    deliver(house, 1, publishers=publishers(1), ad_units=csv_of(AD_UNITS, "au_late,9,,,,,,"))
    build(house)
    late = keep(house, "late")
    with landed_again(house) as other:
        build(other)
        at_once = other.published()

    prune(house, first_id)
    deliver(house, 8, publishers=publishers(8))
    build(house, "--full-refresh")
    pruned = keep(house, "pruned")
    build(house, "--full-refresh", "--vars", "rebuild_from_landing: true")
    return Story(first, in_order, late, at_once, pruned, keep(house, "rebuilt"), twins)


def row(header: str, key: str, values: dict[str, str]) -> str:
    _, *columns = header.split(",")
    return ",".join([key, *(values.get(column, "") for column in columns)])


def publishers(day: int) -> str:
    changed = {2: rows_of("publishers", 0), 4: rows_of("publishers", 1)}.get(day, [])
    return csv_of(PUBLISHERS, *(row(PUBLISHERS, key, values) for key, values in SAYS[day].items()), *changed)


def rows_of(dimension: str, place: int) -> list[str]:
    """A key for each attribute, named after it; only that attribute differs between place 0 and place 1."""
    changes = CHANGES[dimension]
    return [
        row(
            HEADERS[dimension],
            f"only_{name}",
            {column: both[place * (column == name)] for column, both in changes.items()},
        )
        for name in changes
    ]


def changing(place: int) -> dict[str, str]:
    return {name: csv_of(HEADERS[name], *rows_of(name, place)) for name in ("campaigns", "ad_units")}


def prune(house: Warehouse, delivery_id: str) -> None:
    """Takes a delivery out of landing and out of the raw tables of ClickHouse."""
    shutil.rmtree(house.folder / "landing" / "ad_serving" / f"delivery={delivery_id}")
    with clickhouse_connect.get_client(
        host="127.0.0.1", port=house.clickhouse_port, database="raw_ad_serving"
    ) as client:
        client.command(f"delete from _deliveries where delivery_id = '{delivery_id}'")
        for (table,) in client.query("show tables where name not in ('_deliveries', '_looks')").result_rows:
            client.command(f"delete from `{table}` where _delivery_id = '{delivery_id}'")


EVENTS = [
    event("long_before", "2025-06-01T00:00:00Z", publisher_id="flip"),
    event("microsecond_before", "2026-01-04T05:59:59.999999Z", publisher_id="flip"),
    event("at_the_change", "2026-01-04T06:00:00Z", publisher_id="flip"),
    event("after_the_last", "2026-02-01T00:00:00Z", publisher_id="flip"),
    event("split", "2026-01-03T12:00:00Z", publisher_id="split"),
    event(
        "all_three",
        "2026-01-04T06:00:00Z",
        publisher_id="only_country",
        ad_unit_id="only_is_active",
        campaign_id="only_budget_usd",
    ),
    event(
        "all_three_before",
        "2026-01-04T05:59:59.999999Z",
        publisher_id="only_country",
        ad_unit_id="only_is_active",
        campaign_id="only_budget_usd",
    ),
    event("unknown", "2026-01-03T00:00:00Z", publisher_id="nobody", ad_unit_id="au_late", campaign_id="none"),
    event("absent", "2026-01-03T00:00:00Z", publisher_id=None, ad_unit_id=None, campaign_id=None),
]


def versions(house: Warehouse, key: str, value: str = "publisher_name") -> list[tuple]:
    return house.rows(
        f"select {value}, valid_from, valid_to, last_observed_at from marts.dim_publishers_history "
        f"where publisher_id = '{key}' order by valid_from"
    )


def history(house: Warehouse) -> dict[str, list[tuple]]:
    """All rows of the dimensions and their histories."""
    return {table: rows for table, rows in house.published().items() if table.startswith("dim_")}


def test_a_value_that_changes_back_makes_a_third_version(story: Story) -> None:
    assert versions(story.first, "flip") == [("A", BEGINNING, None, DAY[2])]
    assert versions(story.in_order, "flip") == [
        ("A", BEGINNING, DAY[4], DAY[2]),
        ("B", DAY[4], DAY[6], DAY[4]),
        ("A", DAY[6], None, DAY[6]),
    ]
    numbers = (
        "select version_number, is_current from marts.dim_publishers_history where publisher_id = 'flip' order by 1"
    )
    assert story.in_order.rows(numbers) == [(1, False), (2, False), (3, True)]


def test_a_key_that_is_missing_from_a_delivery_keeps_its_version(story: Story) -> None:
    assert versions(story.in_order, "gone") == [("Still", BEGINNING, None, DAY[6])]
    assert versions(story.in_order, "split") == [("X", BEGINNING, None, DAY[4])]


def test_a_key_that_returns_with_other_attributes_leaves_no_gap(story: Story) -> None:
    assert versions(story.in_order, "back") == [("Before", BEGINNING, DAY[6], DAY[2]), ("After", DAY[6], None, DAY[6])]


def test_null_is_a_value_of_its_own(story: Story) -> None:
    assert versions(story.in_order, "empty", "country_code") == [
        ("US", BEGINNING, DAY[4], DAY[2]),
        (None, DAY[4], DAY[6], DAY[4]),
        ("US", DAY[6], None, DAY[6]),
    ]
    assert versions(story.in_order, "tilde", "publisher_category") == [
        ("~", BEGINNING, DAY[4], DAY[2]),
        (None, DAY[4], None, DAY[4]),
    ]


def test_text_that_moves_to_the_next_column_makes_a_version(story: Story) -> None:
    assert versions(story.in_order, "cells", "publisher_name || '|' || publisher_category") == [
        ("ab|c", BEGINNING, DAY[4], DAY[2]),
        ("a|bc", DAY[4], None, DAY[4]),
    ]


def test_updated_at_alone_makes_no_version(story: Story) -> None:
    assert versions(story.in_order, "stamp") == [("Same", BEGINNING, None, DAY[4])]


@pytest.mark.parametrize("dimension", CHANGES)
def test_each_attribute_makes_a_version(story: Story, dimension: str) -> None:
    key = f"{dimension.removesuffix('s')}_id"
    found = story.in_order.rows(
        f"select {key}, valid_from, valid_to from marts.dim_{dimension}_history where {key} like 'only_%' order by 1, 2"
    )
    assert found == [
        (f"only_{name}", *span) for name in sorted(CHANGES[dimension]) for span in ((BEGINNING, DAY[4]), (DAY[4], None))
    ]


def test_of_two_deliveries_of_one_moment_the_greater_id_counts(story: Story) -> None:
    winner = story.twins[max(story.twins)]
    assert versions(story.in_order, "twin") == [("Alone", BEGINNING, NOON, DAY[2]), (winner, NOON, None, NOON)]


def test_an_older_delivery_takes_its_place(story: Story) -> None:
    assert versions(story.late, "split") == [
        ("X", BEGINNING, DAY[3], DAY[2]),
        ("Y", DAY[3], DAY[4], DAY[3]),
        ("X", DAY[4], None, DAY[4]),
    ]
    assert versions(story.in_order, "extend") == [("P", BEGINNING, DAY[4], DAY[2]), ("Q", DAY[4], None, DAY[4])]
    assert versions(story.late, "extend") == [("P", BEGINNING, DAY[3], DAY[2]), ("Q", DAY[3], None, DAY[4])]
    assert versions(story.in_order, "early") == [("Known", BEGINNING, None, DAY[2])]
    assert versions(story.late, "early") == [("Older", BEGINNING, DAY[2], DAY[1]), ("Known", DAY[2], None, DAY[2])]
    assert versions(story.late, "flip") == [
        ("A", BEGINNING, DAY[4], DAY[3]),
        ("B", DAY[4], DAY[6], DAY[4]),
        ("A", DAY[6], None, DAY[6]),
    ]


def test_the_order_of_arrival_and_the_number_of_builds_do_not_matter(story: Story) -> None:
    assert story.at_once == story.late.published()


def test_dimensions_are_their_current_versions(story: Story) -> None:
    for dimension, changes in CHANGES.items():
        key = f"{dimension.removesuffix('s')}_id"
        columns = ", ".join(
            [key, *(name.replace("country", "country_code") if dimension == "publishers" else name for name in changes)]
        )
        current = story.late.rows(
            f"select {columns} from marts.dim_{dimension}_history where valid_to is null order by 1"
        )
        assert story.late.rows(f"select {columns} from marts.dim_{dimension} order by 1") == current
        assert len({key for key, *_ in current}) == len(current)
    names = "select publisher_id, publisher_name from marts.dim_publishers where publisher_name is not null"
    assert dict(story.late.rows(f"{names} and publisher_id not like 'only_%'")) == {
        "flip": "A",
        "gone": "Still",
        "back": "After",
        "cells": "a",
        "stamp": "Same",
        "split": "X",
        "extend": "Q",
        "early": "Known",
        "twin": story.twins[max(story.twins)],
    }


def at_event_time(house: Warehouse, dimension: str, value: str) -> dict[str, Any]:
    """For each event the value in the version that held when it happened."""
    key = f"{dimension.removesuffix('s')}_version_id"
    return dict(
        house.rows(
            f"select event_id, {value} from marts.fct_ad_events_at_event_time "
            f"left join marts.dim_{dimension}_history using ({key})"
        )
    )


def test_an_event_gets_the_version_that_held_when_it_happened(story: Story) -> None:
    names = at_event_time(story.in_order, "publishers", "publisher_name || version_number")
    assert names["long_before"] == "A1"
    assert names["microsecond_before"] == "A1"
    assert names["at_the_change"] == "B2"
    assert names["after_the_last"] == "A3"


def test_each_dimension_has_its_version_of_an_event(story: Story) -> None:
    for dimension, column, before, after in (
        ("publishers", "country_code", "US", "CA"),
        ("ad_units", "is_active", True, False),
        ("campaigns", "cast(budget_usd as varchar)", "100.000001", "100.000002"),
    ):
        values = at_event_time(story.in_order, dimension, column)
        assert (values["all_three_before"], values["all_three"]) == (before, after), dimension


def test_an_unknown_key_has_no_version(story: Story) -> None:
    keys = (
        "select publisher_version_id, ad_unit_version_id, campaign_version_id from marts.fct_ad_events_at_event_time "
        "where event_id in ('unknown', 'absent')"
    )
    assert story.in_order.rows(keys) == [(None, None, None)] * 2


def test_the_version_of_an_old_event_follows_a_late_dimension(story: Story) -> None:
    assert at_event_time(story.in_order, "publishers", "publisher_name")["split"] == "X"
    assert at_event_time(story.late, "publishers", "publisher_name")["split"] == "Y"
    assert at_event_time(story.late, "ad_units", "dim_ad_units_history.publisher_id")["unknown"] == "9"


def test_a_pruned_landing_zone_and_a_full_refresh_keep_the_history(story: Story) -> None:
    expected = {
        "flip": [
            ("A", BEGINNING, DAY[4], DAY[3]),
            ("B", DAY[4], DAY[6], DAY[4]),
            ("A", DAY[6], DAY[8], DAY[6]),
            ("B", DAY[8], None, DAY[8]),
        ],
        "extend": [("P", BEGINNING, DAY[3], DAY[2]), ("Q", DAY[3], None, DAY[8])],
        "early": versions(story.late, "early"),
        "cells": versions(story.late, "cells"),
    }
    assert {key: versions(story.pruned, key) for key in expected} == expected
    assert story.pruned.rows("select count(*) from marts.fct_ad_events") == [(len(EVENTS),)]


def test_snapshots_keep_what_staging_no_longer_can(story: Story) -> None:
    assert story.rebuilt.rows("select count(*) from marts.fct_ad_events") == [(0,)]
    assert history(story.rebuilt) == history(story.pruned)
