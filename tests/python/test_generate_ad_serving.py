"""The generated drops of the ad server, read again in plain Python and held against their truth.json."""

import csv
import gzip
import hashlib
import io
import json
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import cached_property
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from duckhouse.cli import UserError
from support.generated import assert_refused_in_one_line
from tools import generate as command
from tools.generators.ad_serving import generate as generator
from tools.generators.ad_serving import truth as truth_module

START = date(2026, 2, 23)
FIGURES = (
    "events",
    "impressions",
    "filled_impressions",
    "clicks",
    "viewable_impressions",
    "revenue_usd",
    "revenue_usd_as_delivered",
)
MICRO = Decimal("0.000001")
ORDINARY_KINDS = {"late_event", "revenue_corrected", "revenue_set_null"}


@dataclass
class Drop:
    out: Path
    truth: dict
    rows: list[dict]  # landed event records, in the order that decides which of an event wins
    records: dict[str, Counter]
    publishers: dict[int, dict]
    campaigns: dict[int, dict]
    ad_units: dict[str, int]

    @cached_property
    def identities(self) -> dict[str, dict]:
        """Diagnostics of the first delivery by event."""
        rows = (row for path in (self.out / "diagnostics").iterdir() for row in pq.read_table(path).to_pylist())
        return {row["event_id"]: row for row in rows}

    def faults(self, part: str = "faults") -> dict[str, dict]:
        return {fault["kind"]: fault for fault in self.truth[part]}

    @property
    def first(self) -> list[dict]:
        return [row for row in self.rows if row["delivery"] == 0]


def make(out: Path, *, days: int, events_per_day: int, seed: int, clean: bool = False) -> Drop:
    generator.generate(out, days=days, events_per_day=events_per_day, seed=seed, start=START, clean=clean)
    return read(out)


def read(out: Path) -> Drop:
    rows, records = [], {}
    for delivery, prefix in enumerate(("", "redelivery/")):
        for path in sorted((out / prefix / "events").iterdir()):
            name = f"{prefix}events/{path.name}"
            found, records[name] = read_parquet(path) if path.suffix == ".parquet" else read_text(path)
            rows += [{**row, "delivery": delivery, "file": name} for row in found]
    publishers = {int(row["publisher_id"]): row for row in csv.DictReader(text_of(out / "publishers.csv"))}
    campaigns = {}
    for row in campaign_rows(out / "campaigns/campaigns_export.csv"):
        campaigns.setdefault(row["campaign_id"], row)
    ad_units = {row["ad_unit_id"]: int(row["publisher_id"]) for row in csv.DictReader(text_of(out / "ad_units.csv"))}
    truth = json.loads((out / "truth.json").read_text(encoding="utf-8"))
    return Drop(out, truth, rows, records, publishers, campaigns, ad_units)


def text_of(path: Path) -> io.StringIO:
    return io.StringIO(path.read_text(encoding="utf-8"))


def campaign_rows(path: Path) -> list[dict]:
    raw = path.read_bytes()
    text = raw.decode("utf-8-sig" if raw.startswith(b"\xef\xbb\xbf") else "cp1252")
    return [
        {
            "campaign_id": int(row["campaign_id"]),
            "name": row["campaign_name"],
            "advertiser_id": int(row["advertiser_id"]),
            "first_day": dimension_date(row["campaign_start_date"]),
            "last_day": dimension_date(row["campaign_end_date"]),
            "budget": budget(row["campaign_budget_usd"]),
            "status": row["campaign_status"],
            "devices": [word.strip() for word in row["targeting_device_types"].split(",")],
            "countries": [word.strip() for word in row["targeting_countries"].split(",")],
            "raw": row,
        }
        for row in csv.DictReader(io.StringIO(text), delimiter=";")
    ]


def dimension_date(text: str) -> date | None:
    try:
        return datetime.strptime(text, "%d/%m/%Y" if "/" in text else "%Y-%m-%d").date()
    except ValueError:
        return None


def budget(text: str) -> Decimal | None:
    bare = text.replace("$", "").replace("USD", "").replace(" ", "")
    return amount(re.sub(r",(\d\d)$", r".\1", bare).replace(",", ""))


def read_text(path: Path) -> tuple[list[dict], Counter]:
    raw = path.read_bytes()
    if path.suffix == ".gz":
        raw = gzip.decompress(raw)
    assert raw.endswith(b"\n")
    rows, counts = [], Counter()
    for number, line in enumerate(raw.decode("utf-8").split("\n")[:-1], start=1):
        counts["read"] += 1
        if not line:
            counts["blank"] += 1
            continue
        try:
            record = json.loads(line, parse_float=Amount)
        except json.JSONDecodeError:
            record = None
        if not isinstance(record, dict):
            counts["malformed"] += 1
            continue
        counts["landed"] += 1
        rows.append({"row": number} | normalised(record))
    return rows, counts


class Amount(str):
    """A JSON fraction as it stands in the file."""


def read_parquet(path: Path) -> tuple[list[dict], Counter]:
    records = pq.read_table(path).to_pylist()
    rows = []
    for number, record in enumerate(records, start=1):
        for name in ("revenue_usd", "bid_floor_usd"):
            if record.get(name) is not None:
                micros = round(record[name] * 1_000_000)
                assert record[name] == micros / 1_000_000, f"{path.name} row {number}: {name} is no micro-dollar amount"
                record[name] = Amount(str(Decimal(micros).scaleb(-6)))
        rows.append({"row": number} | normalised(record))
    return rows, Counter(read=len(rows), landed=len(rows))


def normalised(record: dict) -> dict:
    geo = record.get("geo") or {
        "country": first_of(record, "country_code", "country", "geo_country"),
        "region": first_of(record, "region", "geo_region"),
    }
    return {
        "raw": record,
        "id": clean_text(record.get("event_id")) or None,
        "at": instant(first_of(record, "timestamp", "event_timestamp", "ts")),
        "type": clean_text(record["event_type"]),
        "publisher": record["publisher_id"],
        "domain": record["site_domain"],
        "ad_unit": clean_text(record["ad_unit_id"]),
        "campaign": record.get("campaign_id"),
        "advertiser": record.get("advertiser_id"),
        "device": clean_text(record["device_type"]),
        "browser": record["browser"],
        "country": clean_text(geo["country"]).upper(),
        "raw_country": geo["country"],
        "region": geo["region"],
        "filled": record["is_filled"],
        "revenue": amount(record["revenue_usd"]),
        "floor": amount(record.get("bid_floor_usd")),
        "score": record.get("placement_quality_score"),
    }


def first_of(record: dict, *names: str) -> object:
    return next((record[name] for name in names if name in record), None)


def clean_text(value: str | None) -> str:
    return (value or "").strip().lower()


def amount(value: str | None) -> Decimal | None:
    """None too where the text is no number."""
    try:
        return None if value is None else Decimal(value)
    except InvalidOperation:
        return None


def instant(value: object) -> datetime | None:
    if isinstance(value, int):
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=value)
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def expected_totals(rows: list[dict]) -> dict:
    """The final state by the rules: the last usable row of an event wins, an amount is kept while none follows."""
    states, amounts = {}, {}
    for row in rows:
        if row["id"] and row["at"]:
            states[row["id"]] = row
            if row["revenue"] is not None:
                amounts[row["id"]] = row["revenue"]
    by_date: dict[str, Counter] = defaultdict(Counter)
    for event_id, row in states.items():
        figures = by_date[str(row["at"].date())]
        impression = row["type"] == "impression"
        figures["events"] += 1
        figures["impressions"] += impression
        figures["filled_impressions"] += impression and row["filled"]
        figures["clicks"] += row["type"] == "click"
        figures["viewable_impressions"] += row["type"] == "viewable_impression"
        figures["revenue_usd"] += amounts.get(event_id, Decimal(0))
        figures["revenue_usd_as_delivered"] += row["revenue"] or Decimal(0)
    overall = {name: sum(figures[name] for figures in by_date.values()) for name in FIGURES}
    return {"overall": spelled(overall), "by_event_date": {day: spelled(by_date[day]) for day in sorted(by_date)}}


def spelled(figures: dict) -> dict:
    return {
        name: str(Decimal(figures[name]).quantize(MICRO)) if name.startswith("revenue") else int(figures[name])
        for name in FIGURES
    }


@pytest.fixture(scope="module")
def drop_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Drop]:
    made: dict[tuple, Drop] = {}

    def drop(seed: int = 7, *, days: int = 6, events_per_day: int = 300, clean: bool = False) -> Drop:
        key = (seed, days, events_per_day, clean)
        if key not in made:
            out = tmp_path_factory.mktemp("drops") / "drop"
            made[key] = make(out, days=days, events_per_day=events_per_day, seed=seed, clean=clean)
        return made[key]

    return drop


def assert_truth_holds(drop: Drop) -> None:
    totals = drop.truth["totals"]
    assert totals["after_first_delivery"] == expected_totals(drop.first)
    assert totals["after_redelivery"] == expected_totals(drop.rows)
    for name, counts in drop.records.items():
        expected = totals["records"][name]
        assert expected == {kind: counts[kind] for kind in ("read", "malformed", "blank")}, name


@pytest.mark.parametrize("clean", [False, True])
@pytest.mark.parametrize(
    ("seed", "days", "events_per_day"), [(1, 6, 300), (7, 6, 300), (3, 1, 1), (3, 4, 50), (5, 2, 7), (11, 3, 2500)]
)
def test_totals_equal_a_plain_reading_of_the_files(drop_of, seed, days, events_per_day, clean):
    assert_truth_holds(drop_of(seed, days=days, events_per_day=events_per_day, clean=clean))


def test_totals_hold_when_a_day_is_drawn_in_several_chunks(tmp_path, monkeypatch):
    monkeypatch.setattr(generator, "CHUNK", 130)
    drop = make(tmp_path / "drop", days=4, events_per_day=500, seed=7)
    assert_truth_holds(drop)
    clean = make(tmp_path / "clean", days=4, events_per_day=500, seed=7, clean=True)
    assert_truth_holds(clean)
    assert {counts["read"] for name, counts in clean.records.items() if name.startswith("events/")} == {500}


def test_the_rules_that_decide_between_rows_matter_to_the_totals(drop_of):
    drop = drop_of()
    right = drop.truth["totals"]["after_redelivery"]["overall"]
    assert right["revenue_usd"] != right["revenue_usd_as_delivered"]
    unfolded = [{**row, "id": row["raw"]["event_id"]} for row in drop.rows]
    assert expected_totals(unfolded)["overall"]["events"] > right["events"]
    assert expected_totals(drop.rows[::-1])["overall"]["revenue_usd"] != right["revenue_usd"]
    believed = [{**row, "at": row["at"] or datetime(2026, 1, 1, tzinfo=UTC)} for row in drop.rows]
    assert expected_totals(believed)["overall"] != right


@pytest.mark.parametrize("days", [30, 31, 60])
def test_dates_of_campaigns_tell_whether_the_day_is_first(drop_of, days):
    drop = drop_of(days=days, events_per_day=7, clean=True)
    text = (drop.out / "campaigns" / "campaigns_export.csv").read_text(encoding="cp1252")
    for column in ("campaign_start_date", "campaign_end_date"):
        dates = [row[column] for row in csv.DictReader(io.StringIO(text), delimiter=";")]
        by_slashes = [date.split("/") for date in dates if "/" in date]
        assert not by_slashes or max(int(day) for day, _, _ in by_slashes) > 12


def digests(out: Path) -> dict[str, str]:
    files = sorted(path for path in out.rglob("*") if path.is_file())
    return {str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_same_seed_gives_the_same_bytes(drop_of, tmp_path):
    first = drop_of(7)
    again = make(tmp_path / "again", days=6, events_per_day=300, seed=7)
    other = drop_of(1)
    assert digests(first.out) == digests(again.out)
    assert first.truth["totals"]["after_redelivery"] != other.truth["totals"]["after_redelivery"]
    assert not {row["id"] for row in first.rows if row["id"]} & {row["id"] for row in other.rows if row["id"]}


def usable(rows: list[dict]) -> list[dict]:
    return [row for row in rows if row["id"]]


def followed(drop: Drop, row: dict) -> dict | None:
    return drop.campaigns.get(row["campaign"])


CTV_BROWSERS = {"Roku", "FireTV", "AppleTV", "AndroidTV"}
REGIONS = {
    "US": {"CA", "TX", "NY", "OH"},
    "GB": {"ENG", "SCT", "WLS"},
    "DE": {"BE", "BY", "NW"},
    "FR": {"IDF", "ARA", "OCC"},
    "ES": {"MD", "CT"},
    "NL": {"NH", "UT"},
    "SE": {"AB", "M"},
    "AU": {"NSW", "VIC"},
    "JP": {"13", "27"},
    "IN": {"KA", "MH"},
    "BR": {"SP", "RJ"},
    "PH": {"NCR", "07"},
}


def is_off(device: str, browser: str) -> bool:
    return (device == "ctv") != (browser.strip("'") in CTV_BROWSERS)


def respelled(row: dict) -> set[str]:
    """How the row's words differ from their plain spelling: in case, by padding."""
    raw = row["raw"]
    words = [raw["event_id"], raw["event_type"], raw["device_type"], raw["ad_unit_id"], row["raw_country"].swapcase()]
    kinds = set()
    for word in words:
        if word != word.strip():
            kinds.add("whitespace_variant")
        elif word != word.lower():
            kinds.add("case_variant")
    return kinds


def by(condition: Callable[[Drop, dict], bool]) -> Callable[[Drop], set[str]]:
    """Ids of the rows of the first delivery for which the condition holds."""
    return lambda drop: {row["id"] for row in usable(drop.first) if condition(drop, row)}


def filled_impression(row: dict) -> bool:
    return row["type"] == "impression" and row["filled"]


def served(condition: Callable[[dict, dict], bool]) -> Callable[[Drop], set[str]]:
    return by(lambda drop, row: (campaign := followed(drop, row)) is not None and condition(row, campaign))


def repeated_in(rows: list[dict], *, across: bool) -> set[str]:
    files = defaultdict(list)
    for row in usable(rows):
        files[row["id"]].append(row["file"])
    if across:
        return {event_id for event_id, names in files.items() if len(set(names)) > 1}
    return {event_id for event_id, names in files.items() if len(set(names)) < len(names)}


def of_all_deliveries(kind: str) -> Callable[[Drop], set[str]]:
    return lambda drop: {row["id"] for row in usable(drop.rows) if kind in respelled(row)}


def in_each_delivery(drop: Drop) -> set[str]:
    second = [row for row in drop.rows if row["delivery"] == 1]
    return repeated_in(drop.first, across=False) | repeated_in(second, across=False)


def moved_days(drop: Drop) -> set[str]:
    first = {row["id"]: row["at"].date() for row in usable(drop.first) if row["at"]}
    second = [row for row in usable(drop.rows) if row["delivery"] == 1 and row["at"]]
    return {row["id"] for row in second if row["at"].date() != first.get(row["id"], row["at"].date())}


def twins(drop: Drop) -> set[str]:
    alike = defaultdict(set)
    for row in usable(drop.first):
        raw = row["raw"]
        alike[row["at"], raw["ad_unit_id"], row["type"], row["browser"], row["region"], row["revenue"]].add(row["id"])
    return {event_id for ids in alike.values() if len(ids) > 1 for event_id in ids}


ROBOT = re.compile(r"bot|headless|python-requests|curl", re.IGNORECASE)


def agent_of(drop: Drop, row: dict) -> str:
    identity = drop.identities.get(row["raw"]["event_id"])
    return identity["user_agent"] if identity else ""


def without_impression(drop: Drop) -> set[str]:
    """Viewable events and clicks of the first delivery in auctions that have no impression."""
    requests = {row["id"]: drop.identities[row["raw"]["event_id"]]["bid_request_id"] for row in identified(drop)}
    shown = {requests[row["id"]] for row in identified(drop) if row["type"] == "impression"}
    followers = [row for row in identified(drop) if row["type"] in ("viewable_impression", "click")]
    return {row["id"] for row in followers if requests[row["id"]] not in shown}


def identified(drop: Drop) -> list[dict]:
    return [row for row in drop.first if row["raw"]["event_id"] in drop.identities]


def identities_changed(drop: Drop) -> set[str]:
    names = ("type", "publisher", "ad_unit", "campaign", "advertiser")
    first = {row["id"]: row for row in usable(drop.first)}
    second = [row for row in usable(drop.rows) if row["delivery"] == 1 and row["id"] in first and row["at"]]
    return {row["id"] for row in second if any(row[name] != first[row["id"]][name] for name in names)}


DETECTORS: dict[str, Callable[[Drop], set[str]]] = {
    "duplicate_in_file": in_each_delivery,
    "duplicate_across_files": lambda drop: repeated_in(drop.first, across=True),
    "bad_timestamp": lambda drop: {row["id"] for row in usable(drop.rows) if row["at"] is None},
    "orphan_campaign": by(lambda drop, row: row["campaign"] is not None and row["campaign"] not in drop.campaigns),
    "orphan_publisher": by(lambda drop, row: row["publisher"] not in drop.publishers),
    "orphan_ad_unit": by(lambda drop, row: row["ad_unit"] not in drop.ad_units),
    "case_variant": of_all_deliveries("case_variant"),
    "whitespace_variant": of_all_deliveries("whitespace_variant"),
    "negative_revenue": by(lambda drop, row: (row["revenue"] or 0) < 0),
    "revenue_on_unfilled": by(lambda drop, row: not row["filled"] and (row["revenue"] or 0) > 0),
    "unknown_event_type": by(lambda drop, row: row["type"] not in ("impression", "click", "viewable_impression")),
    "future_timestamp": by(lambda drop, row: bool(row["at"]) and row["at"].date() > START + timedelta(days=60)),
    "zero_revenue_filled": by(lambda drop, row: filled_impression(row) and row["revenue"] == 0),
    "filled_without_floor": by(lambda drop, row: row["filled"] and row["floor"] is None),
    "paid_under_floor": by(
        lambda drop, row: (
            filled_impression(row) and None not in (row["floor"], row["revenue"]) and row["revenue"] < row["floor"]
        )
    ),
    "region_not_in_country": by(lambda drop, row: row["region"] not in REGIONS[row["country"]]),
    "browser_device_mismatch": by(lambda drop, row: is_off(row["device"], row["browser"])),
    "quoted_text": by(lambda drop, row: row["browser"].startswith("'")),
    "domain_mismatch": by(
        lambda drop, row: (
            row["publisher"] in drop.publishers and drop.publishers[row["publisher"]]["primary_domain"] != row["domain"]
        )
    ),
    "ad_unit_of_other_publisher": by(
        lambda drop, row: drop.ad_units.get(row["ad_unit"], row["publisher"]) != row["publisher"]
    ),
    "advertiser_mismatch": served(lambda row, campaign: row["advertiser"] != campaign["advertiser_id"]),
    "campaign_out_of_flight": served(
        lambda row, campaign: (
            bool(row["at"])
            and not campaign["first_day"] <= row["at"].date() <= (campaign["last_day"] or row["at"].date())
        )
    ),
    "device_outside_targeting": served(lambda row, campaign: row["device"] not in campaign["devices"]),
    "country_outside_targeting": served(lambda row, campaign: row["country"] not in campaign["countries"]),
    "moved_day": moved_days,
    "near_duplicate": twins,
    "score_out_of_range": by(lambda drop, row: row["score"] is not None and not 0 <= row["score"] <= 1),
    "unreadable_revenue": by(lambda drop, row: row["revenue"] is None),
    "robot_user_agent": by(lambda drop, row: bool(ROBOT.search(agent_of(drop, row)))),
    "click_without_impression": without_impression,
    "follower_of_lost_impression": without_impression,
    "identity_changed": identities_changed,
}


def id_of(row: dict) -> str:
    return row["id"].replace("-", "")


def plain(ids: set[str]) -> set[str]:
    return {event_id.replace("-", "") for event_id in ids}


SIZES = {"follower_of_lost_impression": {"events_per_day": 1500}}  # at least one such impression is followed


@pytest.mark.parametrize("seed", [1, 7])
@pytest.mark.parametrize("kind", DETECTORS)
def test_each_planted_event_is_found_and_each_found_one_was_planted(drop_of, seed, kind):
    drop = drop_of(seed, **SIZES.get(kind, {}))
    faults = drop.faults()
    assert faults[kind]["count"] == len(faults[kind]["ids"])
    found = plain(DETECTORS[kind](drop))
    assert set(faults[kind]["ids"]) <= found
    assert found <= {event_id for fault in faults.values() for event_id in fault.get("ids", [])} | copied(drop, kind)


def copied(drop: Drop, kind: str) -> set[str]:
    """Ids that a near-duplicate was made from: they look like planted ones and are not."""
    if kind != "near_duplicate":
        return set()
    twins_of = set(drop.faults()["near_duplicate"]["ids"])
    keys = {(row["at"], row["ad_unit"], row["region"]) for row in usable(drop.first) if id_of(row) in twins_of}
    return {id_of(row) for row in usable(drop.first) if (row["at"], row["ad_unit"], row["region"]) in keys}


@pytest.mark.parametrize("kind", DETECTORS)
def test_a_clean_drop_has_no_fault(drop_of, kind):
    for drop in (drop_of(clean=True), drop_of(11, days=3, events_per_day=2500, clean=True)):
        assert DETECTORS[kind](drop) == set()


def test_a_clean_drop_keeps_the_changes_of_its_redelivery(drop_of):
    drop = drop_of(clean=True)
    assert drop.truth["faults"] == []
    assert set(drop.faults("changes")) > ORDINARY_KINDS
    assert all(row["id"] and row["at"] for row in drop.rows)
    assert not any(counts["malformed"] or counts["blank"] for counts in drop.records.values())
    rows = campaign_rows(drop.out / "campaigns/campaigns_export.csv")
    assert len({row["campaign_id"] for row in rows}) == len(rows) == 27
    assert all(counts["read"] == 300 for name, counts in drop.records.items() if name.startswith("events/"))


@pytest.mark.parametrize("seed", [1, 7])
def test_records_without_an_id_are_where_the_truth_says(drop_of, seed):
    drop = drop_of(seed)
    faults = drop.faults()
    missing = defaultdict(list)
    for row in drop.rows:
        if not row["id"]:
            missing[row["file"]].append(row["row"])
    assert faults["missing_event_id"]["where"] == missing
    assert faults["missing_event_id"]["count"] == sum(map(len, missing.values()))

    for kind, is_it in (("blank_line", lambda line: not line), ("malformed_line", lambda line: bool(line))):
        for name, numbers in faults[kind]["where"].items():
            raw = (drop.out / name).read_bytes()
            lines = (gzip.decompress(raw) if name.endswith(".gz") else raw).decode().split("\n")
            for number in numbers:
                assert is_it(lines[number - 1])
                with pytest.raises((json.JSONDecodeError, AssertionError)):
                    assert isinstance(json.loads(lines[number - 1]), dict)
        total = sum(counts[kind.removesuffix("_line")] for counts in drop.records.values())
        assert faults[kind]["count"] == total > 0


@pytest.mark.parametrize("seed", [1, 7])
def test_the_redelivery_is_a_partial_delta_and_says_what_it_changed(drop_of, seed):
    drop = drop_of(seed, clean=True)
    changes = drop.faults("changes")
    before = {row["id"]: row for row in drop.first}
    second = [row for row in drop.rows if row["delivery"] == 1]
    late = {row["id"] for row in second if row["id"] not in before}
    unsettled = {row["id"] for row in second if row["revenue"] is None}
    corrected = {
        row["id"]
        for row in second
        if row["revenue"] is not None and row["id"] in before and row["revenue"] != before[row["id"]]["revenue"]
    }
    for kind, ids in (("late_event", late), ("revenue_set_null", unsettled), ("revenue_corrected", corrected)):
        assert set(changes[kind]["ids"]) == plain(ids)
        assert ids, kind
    three_days = 3 * 300
    assert 0.3 * three_days < len(second) - len(late) < 0.5 * three_days
    assert 0.01 * three_days < len(late) < 0.03 * three_days
    assert {name for name in drop.records if name.startswith("redelivery")} == {
        "redelivery/events/2026-02-26.jsonl",
        "redelivery/events/2026-02-27.jsonl.gz",
        "redelivery/events/2026-02-28.parquet",
    }
    assert Decimal(changes["revenue_set_null"]["revenue_before_usd"]) == sum(before[i]["revenue"] for i in unsettled)
    after = [row["revenue"] for row in second if row["id"] in corrected]
    assert Decimal(changes["revenue_corrected"]["revenue_after_usd"]) == sum(after)


def test_reissued_dimensions_differ_in_the_cells_of_the_truth(drop_of):
    drop = drop_of(clean=True)
    cells = drop.faults("changes")["dimension_changed"]["cells"]
    again = {int(row["publisher_id"]): row for row in csv.DictReader(text_of(drop.out / "redelivery/publishers.csv"))}
    differing = {
        (key, column): (row[column], again[key][column])
        for key, row in drop.publishers.items()
        for column in row
        if row[column] != again[key][column]
    }
    told = {(cell["key"], cell["column"]): (cell["before"], cell["after"]) for cell in cells if cell["key"] < 1000}
    assert differing == told
    assert len([key for key in told if key[1] == "updated_at"]) == 2

    fields = {"campaign_budget_usd": "budget", "campaign_end_date": "last_day", "campaign_status": "status"}
    reissued = {
        row["campaign_id"]: row for row in campaign_rows(drop.out / "redelivery/campaigns/campaigns_export.csv")
    }
    changed = {
        (key, column): (str(row[name]), str(reissued[key][name]))
        for key, row in drop.campaigns.items()
        for column, name in fields.items()
        if row[name] != reissued[key][name]
    }
    told = {(cell["key"], cell["column"]): (cell["before"], cell["after"]) for cell in cells if cell["key"] > 1000}
    assert {key: values for key, values in told.items() if key[1] != "campaign_budget_usd"} == {
        key: values for key, values in changed.items() if key[1] != "campaign_budget_usd"
    }
    assert set(told) == set(changed)


def test_a_campaign_stands_twice_in_the_export(drop_of):
    drop = drop_of()
    for cell in drop.faults()["duplicate_dimension_key"]["cells"]:
        rows = campaign_rows(drop.out / cell["file"])
        same = [number for number, row in enumerate(rows, start=1) if row["campaign_id"] == cell["key"]]
        assert same == cell["rows"]
        assert len(same) == 2


@pytest.mark.parametrize(("seed", "mark"), [(7, b""), (8, b"\xef\xbb\xbf")])
def test_the_campaign_export_is_of_another_system(drop_of, seed, mark):
    drop = drop_of(seed, days=1, events_per_day=1)
    raw = (drop.out / "campaigns/campaigns_export.csv").read_bytes()
    assert raw.startswith(mark + b'"campaign_id";"campaign_name"')
    if not mark:
        with pytest.raises(UnicodeDecodeError):
            raw.decode("utf-8")
    rows = [row["raw"] for row in campaign_rows(drop.out / "campaigns/campaigns_export.csv")]
    starts, budgets = [row["campaign_start_date"] for row in rows], [row["campaign_budget_usd"] for row in rows]
    assert any("/" in text for text in starts)
    assert any("-" in text for text in starts)
    for shape in (r"\$\d{1,3}(,\d{3})*\.00", r"\d+,00", r"\d{1,3}( \d{3})*,00 USD", r"\d+"):
        assert any(re.fullmatch(shape, text) for text in budgets), shape
    assert any("Café" in row["campaign_name"] for row in rows)
    assert len(drop.publishers) == 20
    assert 0 < sum(not row["timezone"] for row in drop.publishers.values()) < 20
    assert len(drop.ad_units) == 60


def test_formats_vary_by_the_era_of_the_file(drop_of):
    drop = drop_of(clean=True, days=12)
    keys, suffixes = defaultdict(set), Counter()
    for row in drop.first:
        keys[row["file"]] |= set(row["raw"])
        keys[row["file"]] |= {
            f"id{len(row['raw']['event_id'])}",
            f"revenue is {type(row['raw']['revenue_usd']).__name__}",
        }
    for name in keys:
        suffixes[name.split(".", 1)[1]] += 1
    assert suffixes == {"jsonl": 6, "jsonl.gz": 2, "parquet": 4}
    seen = set().union(*keys.values())
    assert {"geo", "country_code", "country", "geo_country", "timestamp", "event_timestamp", "ts"} <= seen
    assert {"sdk_version", "placement_quality_score", "id32", "id36"} <= seen
    assert sum("revenue is str" in found for found in keys.values()) == 1
    spelled_times = {type(first_of(row["raw"], "timestamp", "event_timestamp", "ts")) for row in drop.first}
    assert spelled_times == {str, int}
    texts = {str(first_of(row["raw"], "timestamp", "event_timestamp", "ts")) for row in drop.first}
    for shape in (r"\d{4}-..-..T.{12}Z", r"\d{4}-..-..T.{12}\+02:00", r"\d{4}-..-.. .{12}", r"\d{13}"):
        assert any(re.fullmatch(shape, text) for text in texts), shape


def test_amounts_in_json_are_exact_decimals(drop_of):
    drop = drop_of()
    for name in drop.records:
        if ".jsonl" not in name:
            continue
        raw = (drop.out / name).read_bytes()
        text = (gzip.decompress(raw) if name.endswith(".gz") else raw).decode()
        amounts = re.findall(r'"(?:revenue|bid_floor)_usd":"?([^",}\n]+)["},]', text)
        assert amounts
        assert all(re.fullmatch(r"-?\d+(\.\d{1,6})?|null", found) for found in amounts)


def test_parquet_days_have_the_types_of_the_later_export(drop_of):
    path = next((drop_of().out / "events").glob("*.parquet"))
    types = {field.name: str(field.type) for field in pq.read_schema(path)}
    assert types["publisher_id"] == types["campaign_id"] == types["advertiser_id"] == "int32"
    assert types["revenue_usd"] == types["bid_floor_usd"] == "double"
    assert (types["placement_quality_score"], types["is_filled"], types["timestamp"]) == ("float", "bool", "string")


def test_events_look_like_traffic(drop_of):
    drop = drop_of(2, days=2, events_per_day=30_000, clean=True)
    rows = drop.first
    impressions = [row for row in rows if row["type"] == "impression"]
    filled = [row for row in impressions if row["filled"]]
    assert 0.67 < len(filled) / len(impressions) < 0.85
    types = Counter(row["type"] for row in rows)
    assert 0.53 < types["viewable_impression"] / len(filled) < 0.57
    assert 0.003 < types["click"] / len(filled) < 0.006
    assert len(rows) == 60_000
    assert all(row["revenue"] == 0 and row["campaign"] is None for row in rows if not row["filled"])
    assert all(row["floor"] in (None, 0) for row in rows if not row["filled"])
    assert any(row["revenue"] > Decimal("0.1") for row in rows if row["type"] == "click")
    assert all(row["revenue"] == 0 for row in rows if row["type"] == "viewable_impression")
    hours = Counter(row["at"].hour for row in impressions if row["publisher"] == 115)
    assert hours[15] > 4 * hours[22]  # 20:30 and 03:30 in Kolkata
    per_file = {(row["file"], row["at"].date()) for row in rows}
    assert len(per_file) == 2

    auctions = {}
    for path in (drop.out / "diagnostics").iterdir():
        auctions |= {row["event_id"]: row["bid_request_id"] for row in pq.read_table(path).to_pylist()}
    assert set(auctions) == {row["raw"]["event_id"] for row in rows}
    started = {auctions[row["raw"]["event_id"]]: row for row in impressions}
    assert len(started) == len(impressions)
    for row in rows:
        if row["type"] != "impression":
            before = started[auctions[row["raw"]["event_id"]]]
            assert before["at"] < row["at"]
            same = ("publisher", "ad_unit", "campaign", "device", "country", "region")
            assert all(before[name] == row[name] for name in same)


def test_the_partner_reports_our_weeks_with_little_noise(drop_of):
    drop = drop_of(2, days=2, events_per_day=30_000, clean=True)
    ours: dict[str, Decimal] = defaultdict(Decimal)
    for row in drop.first:
        ours[str(row["publisher"])] += row["revenue"]
    theirs = list(csv.DictReader(text_of(drop.out / "partner_weekly_export.csv")))
    assert {row["period_end"] for row in theirs} == {"2026-03-01"}
    assert len(theirs) == 20
    for row in theirs:
        difference = abs(Decimal(row["partner_amount"]) - ours[row["partner_account_id"]])
        assert difference <= ours[row["partner_account_id"]] * Decimal("0.0031") + Decimal("0.01")


def test_many_ids_become_a_checksum(drop_of, tmp_path, monkeypatch):
    listed = drop_of().faults("changes")["revenue_corrected"]
    monkeypatch.setattr(truth_module, "MAX_LISTED", 5)
    short = make(tmp_path / "drop", days=6, events_per_day=300, seed=7).faults("changes")["revenue_corrected"]
    assert short["count"] == listed["count"] > 5
    assert "ids" not in short
    assert int(short["ids_checksum"], 16) == sum(int(event_id, 16) for event_id in listed["ids"]) % 2**128


def test_a_folder_that_holds_something_is_refused_and_left_alone(tmp_path):
    (tmp_path / "kept.txt").write_text("mine")
    with pytest.raises(UserError, match="is not empty; name another folder or remove it"):
        make(tmp_path, days=1, events_per_day=1, seed=7)
    assert [path.name for path in tmp_path.iterdir()] == ["kept.txt"]
    with pytest.raises(UserError, match=r"kept\.txt"):
        make(tmp_path / "kept.txt", days=1, events_per_day=1, seed=7)


@pytest.mark.parametrize(
    "arguments",
    [
        ["ad_serving"],
        ["ad_serving", "--out", "x", "--days", "0"],
        ["ad_serving", "--out", "x", "--events-per-day", "many"],
        ["ad_serving", "--out", "x", "--seed", "-1"],
        ["ad_serving", "--out", "x", "--start", "2026-02-30"],
        ["ad_serving", "--out", "x", "--start", "0001-01-01"],
        ["weather", "--out", "x"],
        [],
    ],
)
def test_bad_arguments_are_one_line_and_exit_2(arguments, monkeypatch, capsys):
    assert_refused_in_one_line(arguments, monkeypatch, capsys)


def test_the_command_writes_a_drop_and_one_summary(tmp_path):
    project = Path(command.__file__).parents[1]
    call = [sys.executable, "-m", "tools.generate", "ad_serving", "--days", "2", "--events-per-day", "20"]
    done = subprocess.run(
        [*call, "--out", str(tmp_path / "drop"), "--json"], cwd=project, capture_output=True, text=True, check=True
    )
    assert (
        json.loads(done.stdout)["events"]
        == read(tmp_path / "drop").truth["totals"]["after_redelivery"]["overall"]["events"]
    )
    assert done.stderr == ""
    again = subprocess.run([*call, "--out", str(tmp_path / "drop")], cwd=project, capture_output=True, text=True)
    assert again.returncode == 1
    assert again.stderr.startswith("error: --out ")
    assert again.stderr.count("\n") == 1
