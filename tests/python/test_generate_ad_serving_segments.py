"""Faults of whole segments in a generated month, recomputed from its files and held against the clean month of its
seed."""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from statistics import median

import pytest
from test_generate_ad_serving import (
    START,
    Drop,
    assert_truth_holds,
    campaign_rows,
    expected_totals,
    filled_impression,
    id_of,
    identified,
    make,
    text_of,
    usable,
)

from tools.generators.ad_serving import catalogue as market
from tools.generators.ad_serving import formats, segments
from tools.generators.ad_serving import generate as generator

DAYS, EVENTS_PER_DAY = 30, 4000
STRENGTHS = {
    "price_step": [10, 100, 1000],
    "campaign_price_step": [100],
    "cell_price_outlier": [20],
    "click_burst": [12, 25, 50],
    "concentrated_identity": [60, 120, 240],
    "flat_day": [2],
    "whole_second_clock": [1],
    "missing_hours": [2],
    "viewability_drop": [0.9],
    "zero_fill_segment": [1],
    "truncated_file": [0.7],
    "column_lost": [1],
    "device_missing": [1],
    "browser_missing": [1],
    "uninformative_score": [300],
    "own_subdomain": [1],
    "own_alias": [1],
}


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Drop:
    return make(tmp_path_factory.mktemp("month") / "drop", days=DAYS, events_per_day=EVENTS_PER_DAY, seed=7)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Drop:
    out = tmp_path_factory.mktemp("clean") / "drop"
    return make(out, days=DAYS, events_per_day=EVENTS_PER_DAY, seed=7, clean=True)


def cells(drop: Drop, kind: str) -> list[dict]:
    fault = drop.faults()[kind]
    assert fault["count"] == len(fault["cells"])
    return sorted(fault["cells"], key=lambda one: one.get("strength", 0))


def cell(drop: Drop, kind: str) -> dict:
    [only] = cells(drop, kind)
    return only


def first_rows(drop: Drop) -> dict[str, dict]:
    return {id_of(row): row for row in usable(drop.first) if row["at"]}


def day_of(row: dict) -> str:
    return str(row["at"].date())


def told(drop: Drop) -> set[str]:
    """Every event id in the faults of truth.json."""
    lists = [part for fault in drop.truth["faults"] for part in (fault, *fault.get("cells", []))]
    return {event_id for part in lists for event_id in part.get("ids", [])}


# ---------- everything is told


@pytest.mark.parametrize("seed", range(20))
def test_each_segment_of_the_default_size_is_planned_apart_from_the_others(seed: int) -> None:
    catalogue = market.build(START, DAYS, EVENTS_PER_DAY, seed)
    planned = segments.plan(catalogue, formats.eras(DAYS), EVENTS_PER_DAY, seed, DAYS - 4)
    strengths = defaultdict(list)
    for one in planned:
        strengths[one.kind].append(one.strength)
    assert strengths == {**STRENGTHS, "inactive_ad_unit": [1]}
    for name in ("day", "publisher", "ad_unit", "campaign"):
        taken = [getattr(one, name) for one in planned if getattr(one, name) is not None]
        assert len(taken) == len(set(taken)), name
    assert all(one.day is None or one.day < DAYS - 4 for one in planned)


@pytest.mark.parametrize(
    ("days", "events_per_day", "kinds"),
    [
        (1, 1, {"inactive_ad_unit"}),
        (6, 400, {"inactive_ad_unit"}),
        (30, 150, {"inactive_ad_unit", "truncated_file", "column_lost"}),
    ],
)
def test_a_smaller_run_has_what_fits(days: int, events_per_day: int, kinds: set[str]) -> None:
    catalogue = market.build(START, days, events_per_day, 7)
    planned = segments.plan(catalogue, formats.eras(days), events_per_day, 7, days - 4)
    assert {one.kind for one in planned} == kinds


def test_the_month_has_each_strength(month: Drop) -> None:
    for kind, strengths in STRENGTHS.items():
        assert [one["strength"] for one in cells(month, kind)] == strengths
    assert_truth_holds(month)


def test_an_event_that_differs_from_the_clean_month_is_told(month: Drop, clean: Drop) -> None:
    ours, theirs, listed = first_rows(month), first_rows(clean), told(month)
    assert set(ours) - set(theirs) <= listed
    bare = cell(month, "column_lost")["file"]

    def figures(row: dict, file: str) -> dict:
        ignored = {"raw", "row", "file", "delivery", "id"} | ({"floor"} if file == bare else set())
        return {name: value for name, value in row.items() if name not in ignored}

    differing = {
        event_id
        for event_id, row in ours.items()
        if event_id in theirs and figures(row, row["file"]) != figures(theirs[event_id], row["file"])
    }
    assert differing <= listed
    assert len(differing) > 1000


def test_an_event_that_is_missing_is_told(month: Drop, clean: Drop) -> None:
    without_id = sum(
        len(rows)
        for file, rows in month.faults()["missing_event_id"]["where"].items()
        if not file.startswith("redelivery")
    )
    unreadable = set(month.faults()["bad_timestamp"]["ids"])
    arrived = first_rows(month).keys() | unreadable
    lost = [row for event_id, row in first_rows(clean).items() if event_id not in arrived]
    told_of = [one for kind in STRENGTHS for one in cells(month, kind) if "events_missing" in one]
    assert len(lost) == without_id + sum(one["events_missing"] for one in told_of)
    cut, silent = cell(month, "truncated_file"), cell(month, "missing_hours")
    unseen, unfilled = cell(month, "viewability_drop"), cell(month, "zero_fill_segment")
    unexplained = [
        row
        for row in lost
        if day_of(row) not in (cut["day"], silent["day"])
        and not (row["type"] == "viewable_impression" and row["ad_unit"] == unseen["ad_unit_id"])
        and not (row["type"] != "impression" and in_cell(row, unfilled))
        and not any(is_lacking(row, cell(month, kind)) for kind in segments.MISSING)
    ]
    assert len(unexplained) <= without_id


def is_lacking(row: dict, place: dict) -> bool:
    return all(row[name] == place[name] for name in ("device", "browser") if name in place) and (
        row["publisher"] == place["publisher_id"]
    )


def in_cell(row: dict, place: dict) -> bool:
    return (row["publisher"], row["country"]) == (place["publisher_id"], place["country"])


# ---------- prices


def test_price_steps_multiply_a_day_of_a_publisher(month: Drop, clean: Drop) -> None:
    for one in cells(month, "price_step"):
        assert_multiplied(month, clean, one, {"publisher": one["publisher_id"], "day": one["day"]})


def test_a_price_step_multiplies_a_day_of_a_campaign(month: Drop, clean: Drop) -> None:
    one = cell(month, "campaign_price_step")
    assert_multiplied(month, clean, one, {"campaign": one["campaign_id"], "day": one["day"]})


def test_a_price_outlier_multiplies_a_campaign_on_a_publisher(month: Drop, clean: Drop) -> None:
    one = cell(month, "cell_price_outlier")
    assert one["events"] > 60
    assert_multiplied(month, clean, one, {"publisher": one["publisher_id"], "campaign": one["campaign_id"]})


def assert_multiplied(month: Drop, clean: Drop, one: dict, place: dict) -> None:
    """Of the place's paid events all that carry no other fault have the multiple of their amount."""
    ours, theirs = first_rows(month), first_rows(clean)
    struck = [event_id for event_id in one["ids"] if event_id in ours]
    row_faults = {event_id for fault in month.truth["faults"] for event_id in fault.get("ids", [])}
    for event_id in set(struck) - row_faults:
        assert ours[event_id]["revenue"] == theirs[event_id]["revenue"] * one["strength"]
    there = {
        event_id
        for event_id, row in theirs.items()
        if row["revenue"] and all(({**row, "day": day_of(row)})[name] == value for name, value in place.items())
    }
    assert set(one["ids"]) <= there
    spared = there - set(one["ids"]) - row_faults - set(theirs).difference(ours)
    assert len(spared) <= max(1, len(there) // 50)  # what a near-duplicate or a click of nothing was made from
    assert len(one["ids"]) == one["events"]
    moved = sum(theirs[event_id]["revenue"] for event_id in one["ids"]) * (one["strength"] - 1)
    assert Decimal(one["revenue_moved_usd"]) == moved


# ---------- traffic


def test_clicks_burst_in_an_hour_of_a_publisher(month: Drop) -> None:
    rows = first_rows(month)
    requests = {row["id"]: month.identities[row["raw"]["event_id"]]["bid_request_id"] for row in identified(month)}
    shown = {requests[row["id"]]: row for row in identified(month) if row["type"] == "impression"}
    clicks = Counter((row["publisher"], day_of(row), row["at"].hour) for row in rows.values() if row["type"] == "click")
    bursts = {(one["publisher_id"], one["day"], one["hour"]): one for one in cells(month, "click_burst")}
    assert set(bursts) == {place for place, _ in clicks.most_common(3)}
    for place, one in bursts.items():
        assert one["strength"] == len(set(one["ids"])) == one["events"]
        assert 0 <= clicks[place] - one["strength"] <= 3
        for event_id in one["ids"]:
            row = rows[event_id]
            assert (row["type"], row["publisher"], day_of(row), row["at"].hour) == ("click", *place)
            impression = shown[requests[row["id"]]]
            assert impression["at"] < row["at"]
            assert (impression["publisher"], impression["campaign"]) == (row["publisher"], row["campaign"])


def test_few_identities_have_many_events_a_day(month: Drop) -> None:
    users, prefixes, places = defaultdict(list), defaultdict(set), defaultdict(set)
    for row in identified(month):
        if row["at"]:
            identity = month.identities[row["raw"]["event_id"]]
            key = identity["user_id_hash"], day_of(row)
            users[key].append(row)
            prefixes[key].add(identity["ip_prefix"])
            places[key].add(row["country"])
    planted = {
        (one["user"], one["day"]): one
        for kind in ("concentrated_identity", "flat_day", "uninformative_score")
        for one in cells(month, kind)
    }
    many = {key for key, rows in users.items() if len({row["id"] for row in rows}) > 15}
    assert many == set(planted)
    for key, one in planted.items():
        assert {id_of(row) for row in users[key]} == set(one["ids"])
        assert prefixes[key] == {one["ip_prefix"]}
        assert places[key] == set(one["countries"])
        assert {row["publisher"] for row in users[key]} == {one["publisher_id"]}
        assert len({row["browser"] for row in users[key]}) == 1
    concentrated = cells(month, "concentrated_identity")
    assert [one["events"] for one in concentrated] == STRENGTHS["concentrated_identity"]
    assert [len(one["countries"]) > 1 for one in concentrated] == [False, False, True]
    flat = cell(month, "flat_day")
    hours = {key: {row["at"].hour for row in rows} for key, rows in users.items()}
    assert [key for key, found in hours.items() if len(found) == 24] == [(flat["user"], flat["day"])]
    assert all(len(found) <= 9 for key, found in hours.items() if key != (flat["user"], flat["day"]))


def test_machines_score_below_people_but_where_the_score_is_uninformative(month: Drop) -> None:
    scores = defaultdict(list)
    alike, robots = cell(month, "uninformative_score"), set(month.faults()["robot_user_agent"]["ids"])
    for row in first_rows(month).values():
        if row["score"] is not None and 0 <= row["score"] <= 1:
            user = month.identities.get(row["raw"]["event_id"], {}).get("user_id_hash")
            is_robot = id_of(row) in robots
            scores["alike" if user == alike["user"] else "robots" if is_robot else "people"].append(row["score"])
    assert len(scores["alike"]) == 300
    assert abs(median(scores["alike"]) - median(scores["people"])) < 0.1
    assert median(scores["robots"]) < median(scores["people"]) - 0.2


def test_a_publisher_lacks_a_device_or_browser_that_it_has_in_the_clean_month(month: Drop, clean: Drop) -> None:
    for kind in segments.MISSING:
        place = cell(month, kind)
        before = sum(is_lacking(row, place) for row in first_rows(clean).values())
        rows = [row for row in first_rows(month).values() if is_lacking(row, place)]
        assert before > 50
        assert {id_of(row) for row in rows} <= told(month)  # another fault brought them there
        assert len(rows) < before / 20


def test_a_day_is_on_a_subdomain_and_one_on_an_alias(month: Drop) -> None:
    domains = {101 + number: publisher.domain for number, publisher in enumerate(market.PUBLISHERS)}
    for kind, domain in (("own_subdomain", "m.{}.example"), ("own_alias", "{}.test")):
        one = cell(month, kind)
        own = domains[one["publisher_id"]]
        assert one["domain"] == domain.format(own.removesuffix(".example"))
        shown = {id_of(row) for row in first_rows(month).values() if row["domain"] == one["domain"]}
        assert shown == set(one["ids"])
        assert len(shown) > 50


def test_a_clock_has_whole_seconds_for_a_day(month: Drop) -> None:
    one = cell(month, "whole_second_clock")
    whole = defaultdict(list)
    for row in first_rows(month).values():
        whole[row["publisher"], day_of(row)].append(row["at"].microsecond == 0)
    assert [key for key, found in whole.items() if len(found) > 20 and all(found)] == [
        (one["publisher_id"], one["day"])
    ]


def test_two_hours_of_a_day_have_no_event(month: Drop) -> None:
    one = cell(month, "missing_hours")
    hours = {(day_of(row), row["at"].hour) for row in first_rows(month).values()}
    days = [str(START + timedelta(days=number)) for number in range(DAYS)]
    cut = cell(month, "truncated_file")["day"]
    silent = [(day, hour) for day in days for hour in range(24) if day != cut and (day, hour) not in hours]
    assert silent == [(one["day"], hour) for hour in one["hours"]]


def test_an_ad_unit_loses_its_viewable_events(month: Drop, clean: Drop) -> None:
    one = cell(month, "viewability_drop")
    ours, theirs = viewability(month), viewability(clean)
    assert ours[one["ad_unit_id"]] < 0.1
    assert all(0.4 < rate < 0.7 for rate in theirs.values())
    assert all(0.4 < rate < 0.7 for unit, rate in ours.items() if unit != one["ad_unit_id"])
    made = [row for row in month.rows if row["ad_unit"] == one["ad_unit_id"] and row["delivery"] == 1]
    late = {row["id"] for row in made} - {row["id"] for row in month.first}
    seen = [row for row in made if row["id"] in late and row["type"] == "viewable_impression"]
    assert len(seen) <= len(late) // 4


def viewability(drop: Drop) -> dict[str, float]:
    rows = first_rows(drop).values()
    shown = Counter(row["ad_unit"] for row in rows if filled_impression(row))
    seen = Counter(row["ad_unit"] for row in rows if row["type"] == "viewable_impression")
    return {unit: seen[unit] / count for unit, count in shown.items() if count > 100}


def test_a_country_of_a_publisher_is_never_filled(month: Drop, clean: Drop) -> None:
    one = cell(month, "zero_fill_segment")
    assert unfilled_cells(month) == {(one["publisher_id"], one["country"])}
    assert unfilled_cells(clean) == set()
    rows = [row for row in month.rows if in_cell(row, one)]
    assert {row["type"] for row in rows} == {"impression"}
    assert not any(row["filled"] or row["campaign"] for row in rows)
    theirs = first_rows(clean)
    assert all(in_cell(theirs[event_id], one) and theirs[event_id]["filled"] for event_id in one["ids"])
    assert Decimal(one["revenue_moved_usd"]) == -sum(theirs[event_id]["revenue"] for event_id in one["ids"])


def unfilled_cells(drop: Drop) -> set[tuple[int, str]]:
    impressions = [row for row in first_rows(drop).values() if row["type"] == "impression"]
    asked = Counter((row["publisher"], row["country"]) for row in impressions)
    filled = Counter((row["publisher"], row["country"]) for row in impressions if row["filled"])
    return {key for key, count in asked.items() if count >= 40 and not filled[key]}


# ---------- files and dimensions


def test_a_file_ends_early(month: Drop) -> None:
    one = cell(month, "truncated_file")
    read = {name: counts["read"] for name, counts in month.records.items() if not name.startswith("redelivery")}
    usual = median(read.values())
    assert {name for name, count in read.items() if not usual / 2 < count < usual * 2} == {one["file"]}
    assert 0.25 < read[one["file"]] / usual < 0.35
    assert one["day"] in one["file"]
    last = max(row["at"] for row in first_rows(month).values() if row["file"] == one["file"] and row["filled"])
    assert last.hour < 12


def test_a_file_has_no_floors(month: Drop) -> None:
    one = cell(month, "column_lost")
    floors = defaultdict(set)
    for row in month.first:
        floors[row["file"]].add(one["column"] in row["raw"])
    assert [name for name, found in floors.items() if found == {False}] == [one["file"]]
    rows = [row for row in month.first if row["file"] == one["file"] and row["id"] and row["at"]]
    assert set(one["ids"]) == {id_of(row) for row in rows if filled_impression(row)}
    for kind in ("filled_without_floor", "paid_under_floor"):
        assert one["file"] not in month.faults()[kind]["files"]


def test_an_inactive_ad_unit_serves_all_the_time(month: Drop) -> None:
    planted = cells(month, "inactive_ad_unit")
    for prefix in ("", "redelivery/"):
        rows = csv.DictReader(text_of(month.out / f"{prefix}ad_units.csv"))
        inactive = {row["ad_unit_id"] for row in rows if row["is_active"] == "0"}
        assert inactive == {one["ad_unit_id"] for one in planted}
    [unit] = inactive
    states = {row["id"]: row for row in month.rows if row["id"] and row["at"]}
    events = Counter(day_of(row) for row in states.values() if row["ad_unit"] == unit)
    assert {one["day"]: one["events"] for one in planted} == events
    assert len(events) >= DAYS


def test_a_campaign_spends_twice_its_budget(month: Drop, clean: Drop) -> None:
    one = cell(month, "over_budget")
    assert over_budget(month) == {one["campaign_id"]}
    assert over_budget(clean) == set()
    for prefix in ("", "redelivery/"):
        [row] = [
            row
            for row in campaign_rows(month.out / f"{prefix}campaigns/campaigns_export.csv")
            if row["campaign_id"] == one["campaign_id"]
        ]
        assert row["budget"] == one["budget_usd"]
    stepped = {event_id for kind in segments.PRICE_KINDS for each in cells(month, kind) for event_id in each["ids"]}
    spent = sum(
        row["revenue"]
        for event_id, row in first_rows(month).items()
        if event_id not in stepped and paid_by(row) == one["campaign_id"]
    )
    assert Decimal(one["spent_usd"]) == spent
    assert 1.9 < spent / one["budget_usd"] < 2.4
    assert one["strength"] == pytest.approx(float(spent / one["budget_usd"]), abs=0.01)


def paid_by(row: dict) -> int | None:
    return row["campaign"] if row["filled"] and (row["revenue"] or 0) > 0 else None


def over_budget(drop: Drop) -> set[int]:
    spent: dict[int, Decimal] = defaultdict(Decimal)
    for row in first_rows(drop).values():
        if campaign := paid_by(row):
            spent[campaign] += row["revenue"]
    budgets = {campaign_id: campaign["budget"] for campaign_id, campaign in drop.campaigns.items()}
    return {one for one, amount in spent.items() if budgets.get(one) is not None and amount > budgets[one]}


def test_two_cells_of_the_campaign_export_cannot_be_read(month: Drop, clean: Drop) -> None:
    for drop in (month, clean):
        planted = {
            (one["file"], one["key"], one["column"], one["value"], *one["rows"])
            for one in drop.faults().get("unreadable_dimension_value", {"cells": []})["cells"]
        }
        assert planted == set(unreadable_cells(drop))
    assert len(planted_of(month)) == 2
    changed = {one["key"] for one in month.faults("changes")["dimension_changed"]["cells"]}
    assert not changed & planted_of(month)
    assert cell(month, "over_budget")["campaign_id"] not in changed | planted_of(month)


def planted_of(drop: Drop) -> set[int]:
    return {one["key"] for one in cells(drop, "unreadable_dimension_value")}


def unreadable_cells(drop: Drop) -> Iterable[tuple]:
    columns = {"campaign_start_date": "first_day", "campaign_end_date": "last_day", "campaign_budget_usd": "budget"}
    for prefix in ("", "redelivery/"):
        file = f"{prefix}campaigns/campaigns_export.csv"
        for number, row in enumerate(campaign_rows(drop.out / file), start=1):
            for column, name in columns.items():
                if row[name] is None:
                    yield file, row["campaign_id"], column, row["raw"][column], number


# ---------- chunks


def test_segments_are_whole_when_a_day_is_drawn_in_several_chunks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generator, "CHUNK", 700)
    drop = make(tmp_path / "drop", days=20, events_per_day=2100, seed=5)
    assert_truth_holds(drop)
    rows = first_rows(drop)
    for kind, column in (("price_step", "publisher"), ("whole_second_clock", "publisher")):
        for one in cells(drop, kind):
            hours = {rows[event_id]["at"].hour for event_id in one["ids"] if event_id in rows}
            assert len(hours) > 12, kind
            assert {rows[event_id][column] for event_id in one["ids"] if event_id in rows} >= {one["publisher_id"]}
    for kind in ("click_burst", "concentrated_identity"):
        assert [one["events"] for one in cells(drop, kind)] == STRENGTHS[kind]
    file = cell(drop, "truncated_file")["file"]
    assert 0.25 < drop.records[file]["read"] / 2100 < 0.35
    assert date.fromisoformat(cell(drop, "missing_hours")["day"]) >= START
    assert expected_totals(drop.first)["overall"]["events"] < 20 * 2100
