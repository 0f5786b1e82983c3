"""The generated drops of the consent platform, read again in plain Python and held against their truth.json."""

import csv
import hashlib
import json
import math
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from statistics import median

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from duckhouse.cli import UserError
from duckhouse.settings import PROJECT
from scripts import land
from support.generated import assert_refused_in_one_line
from support.landing import read as read_landed
from tools.generators.consent import catalogue as market
from tools.generators.consent import generate as generator
from tools.generators.consent import truth as truth_module
from tools.generators.consent.population import draw_population
from tools.generators.consent.rows import sample

START = date(2025, 9, 5)
COMPANIES, ACTIVE, CSV_FILES, EVENTS = 30, 8, 4, 1200  # of the drop that most tests read
HEADER = (
    "EVENT_ID USER_ID TYPE RATE PARAMETERS EVENT_TIME WINDOW_START APIKEY CONSENT COUNT EXPERIMENT SDK_TYPE DOMAIN "
    "DEPLOYMENT_ID COUNTRY REGION BROWSER_FAMILY DEVICE_TYPE"
)
COLUMNS = HEADER.split()
COMPANY_COLUMNS = ["PUBLIC_API_KEY", "INDUSTRY_BACK", "INDUSTRY_FRONT", "HQ_COUNTRY"]
COMPANY_FILE = "country_and_industry/industry and country.csv"
TYPES = ("consent.asked", "consent.given", "pageview", "ui.action")
COMPLETE = ("consent.given", "ui.action")
STATUSES = {"empty", "opt-out", "partial opt-in", "full opt-in"}
RATES = {0.03, 0.1, 0.2, 1.0}
REAL_DROP = PROJECT.parent / "shared" / "data" / "consent"


@dataclass
class Row:
    """A record of an events file: its raw values by column, and what a careful reader makes of them."""

    delivery: int
    file: str
    row: int
    raw: dict[str, str | None]

    @property
    def id(self) -> str:
        return (self.raw["EVENT_ID"] or "").strip().lower()

    @property
    def type(self) -> str:
        return (self.raw["TYPE"] or "").strip().lower()

    @property
    def company(self) -> str:
        return (self.raw["APIKEY"] or "").strip().lower()

    @property
    def status(self) -> str:
        return (self.raw["CONSENT"] or "").strip().lower()

    @cached_property
    def document(self) -> dict | None:
        """What PARAMETERS hold; None where they are no JSON."""
        try:
            return json.loads(self.raw["PARAMETERS"] or "{}")
        except json.JSONDecodeError:
            return None

    @property
    def country(self) -> str:
        return (self.raw["COUNTRY"] or "").strip(' "').upper()

    @cached_property
    def at(self) -> datetime | None:
        return instant(self.raw["EVENT_TIME"])

    @cached_property
    def rate(self) -> float:
        try:
            return round(float(self.raw["RATE"] or "nan"), 6)
        except ValueError:
            return math.nan

    @property
    def usable(self) -> bool:
        return bool(self.id) and self.at is not None and 0 < self.rate <= 1

    @property
    def stored(self) -> int:
        count = int(self.raw["COUNT"] or 0)
        return count if count > round(1 / self.rate) else 1


@dataclass
class Drop:
    out: Path
    truth: dict
    rows: list[Row]
    records: dict[str, Counter]
    unbalanced: dict[tuple[str, int], list[str]]
    blank: set[tuple[str, int]]

    def listed(self, part: str = "faults") -> dict[str, set[tuple[str, int]]]:
        return {
            entry["kind"]: {(record["file"], record["row"]) for record in entry["records"]}
            for entry in self.truth[part]
        }

    @property
    def first(self) -> list[Row]:
        return [row for row in self.rows if row.delivery == 0]


def instant(text: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat((text or "").strip())
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def make(out: Path, *, companies: int, active: int, events: int, seed: int, clean: bool = False) -> Drop:
    generator.generate(
        out,
        companies_listed=companies,
        active=active,
        events_per_company=events,
        seed=seed,
        start=START,
        clean=clean,
    )
    return read(out)


def read(out: Path) -> Drop:
    truth = json.loads((out / "truth.json").read_text(encoding="utf-8"))
    drop = Drop(out, truth, [], {}, {}, set())
    for delivery, prefix in enumerate(("", "redelivery/")):
        for path in sorted((out / prefix / "events").glob("*/*")):
            name = f"{prefix}events/{path.parent.name}/{path.name}"
            drop.records[name] = Counter(read=0)
            records = parquet_records(path) if path.suffix == ".parquet" else csv_records(path)
            for row, values in records:
                drop.records[name]["read"] += 1
                if not values:
                    drop.records[name]["blank"] += 1
                    drop.blank.add((name, row))
                elif len(values) != len(COLUMNS):
                    drop.records[name]["malformed"] += 1
                    drop.unbalanced[name, row] = values
                else:
                    drop.rows.append(Row(delivery, name, row, dict(zip(COLUMNS, values, strict=True))))
    return drop


def csv_records(path: Path) -> Iterator[tuple[int, list]]:
    """Each record with the line on which it starts."""
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        assert next(reader) == COLUMNS
        line = reader.line_num + 1
        for values in reader:
            yield line, [value or None for value in values]
            line = reader.line_num + 1


def parquet_records(path: Path) -> Iterator[tuple[int, list]]:
    for number, record in enumerate(pq.read_table(path).to_pylist(), start=1):
        yield number, [None if value is None else str(value) for value in record.values()]


def company_rows(path: Path) -> list[dict]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def latest(rows: list[Row]) -> list[Row]:
    return list({row.id: row for row in rows if row.usable}.values())


def expected_totals(rows: list[Row], companies: list[str]) -> dict:
    """What the rules of truth.json give for records in the order of their delivery."""
    ids, rates, statuses, days = (defaultdict(Counter) for _ in range(4))
    for row in latest(rows):
        if row.company in companies and row.type in TYPES:
            ids[row.company][row.type] += 1
            rates[row.company, row.type][repr(row.rate)] += row.stored
            statuses[row.company][row.status] += row.stored
            days[row.company][str(row.at.date())] += row.stored
    return {
        company: {
            "ids": ids[company].total(),
            "stored": sum(rates[company, kind].total() for kind in TYPES),
            "types": {
                kind: {
                    "ids": ids[company][kind],
                    "stored": rates[company, kind].total(),
                    "stored_by_rate": dict(rates[company, kind]),
                }
                for kind in TYPES
                if ids[company][kind]
            },
            "stored_by_status": dict(statuses[company]),
            "stored_by_date": dict(days[company]),
        }
        for company in companies
    }


@pytest.fixture(scope="module")
def drop_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Drop]:
    made: dict[tuple, Drop] = {}

    def drop(seed=7, *, companies=COMPANIES, active=ACTIVE, events=EVENTS, clean=False) -> Drop:
        key = (seed, companies, active, events, clean)
        if key not in made:
            out = tmp_path_factory.mktemp("drops") / "drop"
            made[key] = make(out, companies=companies, active=active, events=events, seed=seed, clean=clean)
        return made[key]

    return drop


# ---------- totals


@pytest.mark.parametrize("clean", [False, True])
@pytest.mark.parametrize(
    ("seed", "companies", "active", "events"),
    [(7, COMPANIES, ACTIVE, EVENTS), (1, 1, 1, 1), (3, 2, 2, 3), (5, 9, 7, 40), (2, 3, 1, 900), (7, 40, 10, 3000)],
)
def test_totals_equal_a_plain_reading_of_the_files(drop_of, seed, companies, active, events, clean):
    drop = drop_of(seed, companies=companies, active=active, events=events, clean=clean)
    totals, keys = drop.truth["totals"], list(drop.truth["companies"])
    assert totals["after_first_delivery"]["companies"] == expected_totals(drop.first, keys)
    assert totals["after_redelivery"]["companies"] == expected_totals(drop.rows, keys)
    for name, counts in drop.records.items():
        assert totals["records"][name] == {kind: counts[kind] for kind in ("read", "malformed", "blank")}, name
    assert len(keys) == active
    assert bool(drop.truth["faults"]) is not clean


@pytest.mark.parametrize("seed", [7, 8])
def test_the_population_comes_back_from_what_is_stored(drop_of, seed):
    drop = drop_of(seed, companies=40, active=10, events=3000)
    recovered, variance = Counter(), Counter()
    for row in latest(drop.rows):
        weight = 1 / row.rate
        recovered[row.company, row.type] += row.stored * weight
        variance[row.company, row.type] += row.stored * weight * (weight - 1)
    for company, facts in drop.truth["companies"].items():
        assert facts["population"]["events"] == sum(facts["population"]["types"].values())
        for kind, count in facts["population"]["types"].items():
            if kind in COMPLETE:
                assert recovered[company, kind] == count
            else:
                deviation = math.sqrt(variance[company, kind]) or math.sqrt(count * 99)
                assert abs(recovered[company, kind] - count) <= 5 * deviation
    known = [key for key in recovered if key[0] in drop.truth["companies"] and key[1] in TYPES]
    events = sum(facts["population"]["events"] for facts in drop.truth["companies"].values())
    assert abs(sum(recovered[key] for key in known) - events) <= 5 * math.sqrt(sum(variance[key] for key in known))


def test_the_rules_that_decide_between_records_matter_to_the_totals(drop_of):
    drop = drop_of()
    keys = list(drop.truth["companies"])
    right = drop.truth["totals"]["after_redelivery"]["companies"]
    assert expected_totals(drop.rows[::-1], keys) != right
    assert expected_totals(drop.first, keys) != right
    of_types = [row for row in drop.rows if row.usable and row.type in TYPES and row.company in keys]
    stored = sum(company["stored"] for company in right.values())
    assert sum(row.stored for row in of_types) > stored > len(latest(of_types))


def test_facts_of_the_population_hold_where_everything_is_stored(tmp_path, monkeypatch):
    """With all rates 1 and no faults the files are the population."""
    everything = np.full((2, 2, len(TYPES)), 100, dtype=np.int64)
    monkeypatch.setattr(market, "_percents", lambda rng, role: everything)
    drop = make(tmp_path / "drop", companies=7, active=6, events=900, seed=7, clean=True)
    for company, facts in drop.truth["companies"].items():
        last = {row.id: row for row in drop.rows if row.company == company}
        told = facts["population"]
        rows = list(last.values())
        types = Counter(row.type for row in rows)
        assert told["events"] == len(rows)
        assert told["types"] == {kind: types[kind] for kind in TYPES}
        assert told["users"] == len({row.raw["USER_ID"] for row in rows})
        assert told["countries"] == sorted({row.country for row in rows})
        assert told["distinct_countries"] == len(told["countries"])
        asked, given = types["consent.asked"], types["consent.given"]
        assert told["conversion_rate"] == (round(given / asked, 6) if asked else None)
        assert told["asked_to_given"] == waits(rows)
    assert {facts["role"] for facts in drop.truth["companies"].values()} >= {"no_notice", "few_events"}


def waits(rows: list[Row]) -> dict:
    times = defaultdict(lambda: defaultdict(list))
    for row in rows:
        times[row.raw["USER_ID"]][row.type].append(row.at)
    found, asked = [], 0
    for of_user in times.values():
        for at in of_user["consent.asked"]:
            asked += 1
            later = [answer for answer in of_user["consent.given"] if answer >= at]
            if later:
                found.append((min(later) - at) // timedelta(milliseconds=1))
    return {
        "asked": asked,
        "linked": len(found),
        "median_seconds": median(found) / 1000 if found else None,
        "mean_seconds": round(sum(found) / len(found) / 1000, 3) if found else None,
    }


def test_where_users_are_drawn_all_pageviews_of_a_user_are_stored_or_none():
    [company] = [one for one in market.build(START, 40, 10, 7).active if one.role == market.SAMPLED_BY_USER]
    population = draw_population(company, np.random.default_rng(1), 3000)
    users = pages_of(population.user.tolist(), population)
    for by_user in (True, False):
        stored = sample(company, population, np.random.default_rng(2), by_user=by_user)
        found = pages_of([user.tobytes() for user in stored.user], stored)
        whole = [pages for pages in found.values() if pages in users.values()]
        if by_user:
            assert len(whole) == len(found)
            assert abs(len(found) - 0.1 * len(users)) < 5 * math.sqrt(0.09 * len(users))
        else:
            assert len(whole) < 0.5 * len(found)


def pages_of(owners: list, rows) -> dict:
    """The times of the pageviews of each user."""
    pages = defaultdict(list)
    for owner, kind, at in zip(owners, rows.kind.tolist(), rows.at.tolist(), strict=True):
        if kind == market.PAGEVIEW:
            pages[owner].append(at)
    return pages


# ---------- shape


def test_files_have_the_shape_of_the_platforms_export(drop_of):
    drop = drop_of()
    files = {path.relative_to(drop.out).as_posix() for path in drop.out.rglob("*") if path.is_file()}
    assert files == {
        "truth.json",
        COMPANY_FILE,
        f"redelivery/{COMPANY_FILE}",
        *(f"events/csv/events-company-{number}.csv" for number in range(1, CSV_FILES + 1)),
        *(f"events/parquet/events-company-{number}.parquet" for number in range(CSV_FILES + 1, ACTIVE + 1)),
        "redelivery/events/csv/events-company-1.csv",
        f"redelivery/events/parquet/events-company-{CSV_FILES + 1}.parquet",
    }
    text = (drop.out / "events/csv/events-company-1.csv").read_text(encoding="utf-8")
    assert text.startswith(HEADER.replace(" ", ",") + "\n")
    assert "\r" not in text
    for piece in (r',"\{\n  ""action"": ""click"",\n', ",,sdk-web,", r',"""[A-Z]{2}""",', r"consent\.given,1\.0,"):
        assert re.search(piece, text), piece
    schema = pq.read_schema(drop.out / "events/parquet" / f"events-company-{CSV_FILES + 1}.parquet")
    numbers = {"RATE": "double", "COUNT": "int64", "EXPERIMENT": "double"}
    assert [(field.name, str(field.type)) for field in schema] == [(n, numbers.get(n, "string")) for n in COLUMNS]


def test_clean_records_are_spelled_as_the_platform_spells_them(drop_of):
    drop = drop_of(clean=True)
    counts = {"1.0": "1", "0.2": "5", "0.1": "10", "0.03": "33"}
    shapes = defaultdict(set)
    for row in drop.rows:
        raw = row.raw
        assert raw["COUNT"] == counts[raw["RATE"]]
        assert raw["TYPE"] in TYPES
        assert raw["CONSENT"] in STATUSES
        assert raw["EXPERIMENT"] is None
        assert raw["EVENT_TIME"] == row.at.strftime("%Y-%m-%d %H:%M:%S.") + f"{row.at.microsecond // 1000:03}"
        assert raw["WINDOW_START"] == row.at.strftime("%Y-%m-%d %H:00:00.000")
        assert raw["COUNTRY"] == f'"{row.country}"'
        assert len(raw["EVENT_ID"]) == len(raw["USER_ID"]) == len(raw["APIKEY"]) == 36
        assert raw["PARAMETERS"] in (None, json.dumps(row.document, indent=2, sort_keys=True))
        shapes[row.type, raw["SDK_TYPE"]].add(tuple(sorted(set(row.document) - {"action"})))
    choice = ("purposes", "purposes_li", "vendors", "vendors_li")
    assert shapes["consent.asked", "sdk-web"] == {("position", *choice)}
    assert shapes["consent.given", "sdk-web"] == {
        ("created", "from_euconsent", "purposes", "purposes_li", "updated", "vendors", "vendors_li")
    }
    assert shapes["consent.given", "sdk-mobile"] == {tuple(sorted([*choice, *(f"previous_{name}" for name in choice)]))}
    assert shapes["ui.action", "sdk-web"] == {(), ("category", "categoryId")}
    assert shapes["pageview", "sdk-web"] == {(), ("features",)}


@pytest.mark.skipif(not REAL_DROP.is_dir(), reason="the real files are not here")
def test_the_real_files_have_the_same_shape(drop_of):
    drop = drop_of()
    for pattern in ("country_and_industry/*.csv", "events/csv/*.csv"):
        made, real = (next(iter(sorted(out.glob(pattern)))) for out in (drop.out, REAL_DROP))
        assert made.read_bytes().split(b"\n", 1)[0] == real.read_bytes().split(b"\n", 1)[0]
    assert (drop.out / COMPANY_FILE).name == next(iter((REAL_DROP / "country_and_industry").iterdir())).name
    made, real = (
        pq.read_schema(next(iter(sorted(out.glob("events/parquet/*.parquet"))))) for out in (drop.out, REAL_DROP)
    )
    assert made.equals(real.remove_metadata())
    rates = {row[3] for path in (REAL_DROP / "events").glob("csv/*.csv") for _, row in csv_records(path)} | {
        str(rate) for path in (REAL_DROP / "events").glob("parquet/*") for rate in rates_of(pq.read_table(path))
    }
    assert rates == {str(rate) for rate in RATES}


def rates_of(table: pa.Table) -> set[float]:
    return set(table["RATE"].to_pylist())


def test_exports_last_from_an_hour_to_days(drop_of):
    drop = drop_of(clean=True)
    lasting = set()
    for company, facts in drop.truth["companies"].items():
        begin, end = (instant(facts[name]) for name in ("first_time", "end_time"))
        times = [row.at for row in drop.first if row.company == company]
        windows = {row.raw["WINDOW_START"] for row in drop.first if row.company == company}
        assert begin <= min(times) <= max(times) < end
        hours = (end - begin) // timedelta(hours=1)
        assert len(windows) <= hours
        if facts["role"] != "few_events":
            assert len(windows) > hours * 0.9
        lasting.add(hours)
    assert lasting == {1, 6, 79}


def test_roles_of_companies_show_in_their_records(drop_of):
    drop = drop_of(clean=True)
    rows = {facts["role"]: [] for facts in drop.truth["companies"].values()}
    for row in drop.first:
        rows[drop.truth["companies"][row.company]["role"]].append(row)
    rates = {role: {row.rate for row in of_role if row.type == "pageview"} for role, of_role in rows.items()}
    assert rates["rate_changes"] == rates["two_rates_by_sdk"] == {0.03, 0.1}
    assert {row.raw["SDK_TYPE"] for row in rows["mobile_only"]} == {"sdk-mobile"}
    assert "consent.asked" not in {row.type for row in rows["no_notice"]}
    assert 0 < len(rows["few_events"]) < 30
    asked = {row.rate for row in drop.first if row.type == "consent.asked"}
    assert asked == {0.1, 0.2}
    assert {row.rate for row in drop.first if row.type in COMPLETE} == {1.0}


# ---------- companies


def test_the_company_list_names_the_inactive_and_those_without_headquarters(drop_of):
    drop = drop_of()
    truth = drop.truth
    for prefix, part in (("", "after_first_delivery"), ("redelivery/", "after_redelivery")):
        rows = company_rows(drop.out / prefix / COMPANY_FILE)
        assert list(rows[0]) == COMPANY_COLUMNS
        listed = {row["PUBLIC_API_KEY"].strip().lower(): row for row in rows}
        assert len(listed) == COMPANIES
        without = {key for key, row in listed.items() if not row["HQ_COUNTRY"]}
        assert without == set(truth["totals"][part]["without_hq_country"])
        assert 0 < len(without) < 20
        assert set(truth["inactive_companies"]) == set(listed) - set(truth["companies"])
        assert len(truth["inactive_companies"]) == COMPANIES - ACTIVE
        assert truth["totals"]["records"][prefix + COMPANY_FILE]["read"] == len(rows)


def test_faults_and_changes_of_the_company_list(drop_of):
    drop = drop_of()
    first = company_rows(drop.out / COMPANY_FILE)
    again = company_rows(drop.out / "redelivery" / COMPANY_FILE)
    faults = {fault["kind"]: fault["records"] for fault in drop.truth["faults"] if fault["entity"] == "companies"}
    [variant], [twice] = faults["company_key_variant"], faults["duplicate_company"]
    spelled = first[variant["row"] - 2]["PUBLIC_API_KEY"]
    assert spelled != variant["public_api_key"] == spelled.strip().lower()
    assert first[twice["row"] - 2] == first[0]
    assert first[0]["PUBLIC_API_KEY"] == twice["public_api_key"]
    before = {row["PUBLIC_API_KEY"].strip().lower(): list(row.values())[1:] for row in first}
    differing = {
        row["PUBLIC_API_KEY"]: (before[row["PUBLIC_API_KEY"]], list(row.values())[1:])
        for row in again
        if before[row["PUBLIC_API_KEY"]] != list(row.values())[1:]
    }
    [changed] = [change for change in drop.truth["changes"] if change["kind"] == "company_changed"]
    told = {record["public_api_key"]: (record["before"], record["after"]) for record in changed["records"]}
    assert told == differing
    assert len(told) == 2


# ---------- faults


def told_status(row: Row) -> str:
    lists = [value for name, value in (row.document or {}).items() if name in ("purposes", "vendors", "purposes_li")]
    enabled, disabled = any(value["enabled"] for value in lists), any(value["disabled"] for value in lists)
    return {(True, False): "full opt-in", (False, True): "opt-out", (True, True): "partial opt-in"}[enabled, disabled]


def window(row: Row) -> datetime:
    return instant(row.raw["WINDOW_START"])


def noisy(row: Row) -> bool:
    return row.usable and float(row.raw["RATE"]) != row.rate


def respelled(row: Row) -> list[tuple[str, str]]:
    """What is written in other case or padded, with its plain spelling."""
    texts = {name: row.raw[name] or "" for name in ("TYPE", "CONSENT", "SDK_TYPE", "DEVICE_TYPE", "COUNTRY")}
    plain = {name: text.strip().upper() if name == "COUNTRY" else text.strip().lower() for name, text in texts.items()}
    return [(text, plain[name]) for name, text in texts.items() if text != plain[name] and text.strip('" ')]


def updated_before_created(row: Row) -> bool:
    told = row.document or {}
    return "created" in told and instant(told["updated"]) < instant(told["created"])


# what one record shows by itself; a fault is found in these records and in no other
SHOWS = {
    "missing_event_id": lambda row: not row.id,
    "unreadable_time": lambda row: row.delivery == 0 and row.at is None,
    "unusable_correction": lambda row: row.delivery == 1 and row.at is None,
    "unusable_rate": lambda row: not 0 < row.rate <= 1,
    "unknown_type": lambda row: row.type not in TYPES,
    "event_id_variant": lambda row: row.id and row.raw["EVENT_ID"] != row.id,
    "count_above_inverse": lambda row: row.usable and row.stored > 1,
    "count_below_inverse": lambda row: 0 < row.rate < 1 and row.raw["COUNT"] == "1",
    "missing_count": lambda row: row.raw["COUNT"] is None,
    "rate_noise": noisy,
    "case_variant": lambda row: any(text.strip() == text != plain for text, plain in respelled(row)),
    "whitespace_variant": lambda row: any(text.strip() != text for text, _ in respelled(row)),
    "unquoted_country": lambda row: row.country and '"' not in row.raw["COUNTRY"],
    "unknown_country": lambda row: row.country in {"XX", "UK", "EU"},
    "missing_country": lambda row: not row.country,
    "headless_browser": lambda row: row.raw["BROWSER_FAMILY"] == "Headless Chrome",
    "missing_user": lambda row: row.raw["USER_ID"] is None,
    "time_variant": lambda row: row.at and "T" in row.raw["EVENT_TIME"],
    "future_time": lambda row: row.at and row.at - window(row) > timedelta(days=100),
    "epoch_time": lambda row: row.at and row.at.year == 1970,
    "window_mismatch": lambda row: row.at and timedelta(0) < abs(hour(row.at) - window(row)) < timedelta(days=1),
    "invalid_json": lambda row: row.document is None,
    "updated_before_created": updated_before_created,
    "status_contradicts_parameters": lambda row: (
        row.type == "consent.given" and row.document is not None and told_status(row) != row.status
    ),
    "browser_sdk_mismatch": lambda row: (
        row.raw["BROWSER_FAMILY"] != "Headless Chrome"
        and (row.raw["BROWSER_FAMILY"] == "Consent SDK") != (row.raw["SDK_TYPE"].strip().lower() == "sdk-mobile")
    ),
    "browser_device_mismatch": lambda row: (
        (row.raw["BROWSER_FAMILY"], (row.raw["DEVICE_TYPE"] or "").strip().lower())
        in {("Samsung Browser", "desktop"), ("Safari", "smartphone")}
    ),
}  # fmt: skip
# what a record shows beside others of its drop
IN_CONTEXT = {
    "duplicate_in_file",
    "duplicate_across_files",
    "record_in_other_file",
    "unlisted_company",
    "region_not_in_country",
    "concentrated_user",
    "malformed_record",
    "blank_line",
    "company_key_variant",
    "duplicate_company",
}


def hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


@pytest.mark.parametrize("kind", SHOWS)
def test_a_fault_is_in_the_records_that_the_truth_lists_and_in_no_other(drop_of, kind):
    drop = drop_of()
    found = {(row.file, row.row) for row in drop.rows if SHOWS[kind](row)}
    assert found == drop.listed()[kind]
    assert not [row for row in drop_of(clean=True).rows if SHOWS[kind](row)]


def test_every_kind_is_planted_checked_and_counted(drop_of):
    drop = drop_of()
    faults = {fault["kind"]: fault for fault in drop.truth["faults"]}
    assert set(faults) == set(SHOWS) | IN_CONTEXT
    assert len(faults) >= 15
    rows = {(row.file, row.row): row for row in drop.rows}
    for fault in [*faults.values(), *drop.truth["changes"]]:
        assert fault["count"] == len(fault["records"])
        assert fault["rule"]
        for record in fault["records"]:
            place = (record["file"], record["row"])
            if fault["entity"] == "events" and place in rows:
                assert (record["event_id"] or "").strip() == (rows[place].raw["EVENT_ID"] or "").strip()
    listed = [place for places in drop.listed().values() for place in places if "industry" not in place[0]]
    assert len(listed) == len(set(listed))


def test_copies_and_records_in_other_files(drop_of):
    drop = drop_of()
    listed = drop.listed()
    by_id = defaultdict(list)
    for row in drop.first:
        if row.id and row.raw["EVENT_ID"] == row.id:
            by_id[row.id].append(row)
    within, across, moved = set(), set(), set()
    for rows in by_id.values():
        assert len(rows) < 3
        home = drop.truth["companies"].get(rows[0].company, {}).get("file")
        assert len({str(same(row)) for row in rows}) == 1
        elsewhere = {(row.file, row.row) for row in rows if home and row.file != home}
        if len({row.file for row in rows}) == 2:
            across |= elsewhere
        elif len(rows) == 2:
            within |= {(row.file, row.row) for row in rows}
        else:
            moved |= elsewhere
    assert across == listed["duplicate_across_files"]
    assert moved == listed["record_in_other_file"]
    assert listed["duplicate_in_file"] < within
    assert len(within) == 2 * len(listed["duplicate_in_file"])
    variants = [row for row in drop.first if SHOWS["event_id_variant"](row)]
    assert all(len(by_id[row.id]) == 1 for row in variants)


def same(row: Row) -> dict:
    return row.raw | {"EVENT_ID": row.id, "RATE": row.rate}


def test_records_of_unlisted_companies_and_unknown_types_are_told_as_an_effect(drop_of):
    drop = drop_of()
    faults = {fault["kind"]: fault for fault in drop.truth["faults"]}
    usable = latest(drop.rows)
    unlisted = Counter(row.company for row in usable if row.company not in drop.truth["companies"])
    untyped = Counter(row.company for row in usable if row.type not in TYPES)
    assert unlisted == faults["unlisted_company"]["effect"]
    assert untyped == faults["unknown_type"]["effect"]
    assert {fault for fault in faults if "effect" in faults[fault]} == {"unlisted_company", "unknown_type"}


def test_malformed_and_blank_records(drop_of):
    drop = drop_of()
    assert set(drop.unbalanced) == drop.listed()["malformed_record"]
    assert drop.blank == drop.listed()["blank_line"]
    assert {len(values) for values in drop.unbalanced.values()} == {9, 20}


def test_regions_of_other_countries_and_a_user_of_many_records(drop_of):
    drop = drop_of()
    clean = drop_of(clean=True)
    known = {(row.country, row.raw["REGION"]) for row in clean.rows if row.raw["REGION"]}
    codes = {country for country, _ in known}
    odd = {
        (row.file, row.row)
        for row in drop.rows
        if row.raw["REGION"] and (row.country, row.raw["REGION"]) not in known and row.country in codes
    }
    assert odd <= drop.listed()["region_not_in_country"]
    assert len(odd) > 0.9 * len(drop.listed()["region_not_in_country"])
    rows = {(row.file, row.row): row for row in drop.rows}
    users = defaultdict(set)
    for place in drop.listed()["concentrated_user"]:
        users[rows[place].company].add(rows[place].raw["USER_ID"])
    assert len(users) == ACTIVE - 1
    assert all(len(of_company) == 1 for of_company in users.values())


def test_the_redelivery_changes_what_the_truth_lists(drop_of):
    drop = drop_of()
    before = {row.id: row for row in drop.first if row.usable}
    found = defaultdict(set)
    unchanged = 0
    for row in drop.rows:
        if row.delivery == 0 or not row.usable:
            continue
        place, old = (row.file, row.row), before.get(row.id)
        if old is None:
            found["late_event"].add(place)
        elif old.status != row.status:
            assert row.type == "consent.given"
            assert told_status(row) == row.status
            found["consent_changed"].add(place)
        elif old.at != row.at:
            assert row.at > old.at
            assert window(row) == hour(row.at)
            found["moved_later"].add(place)
        else:
            assert same(row) == same(old)
            unchanged += 1
    listed = drop.listed("changes")
    listed.pop("company_changed")
    assert found == listed
    assert unchanged > sum(map(len, found.values()))


def test_of_many_records_the_first_are_listed(tmp_path, monkeypatch):
    monkeypatch.setattr(truth_module, "MAX_LISTED", 5)
    drop = make(tmp_path / "drop", companies=4, active=3, events=900, seed=7)
    [noise] = [fault for fault in drop.truth["faults"] if fault["kind"] == "rate_noise"]
    assert len(noise["records"]) == 5 < noise["count"] == sum(noisy(row) for row in drop.rows)


# ---------- the same bytes


def digests(out: Path) -> dict[str, str]:
    return {
        path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*"))
        if path.is_file()
    }


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(drop_of, tmp_path):
    first = digests(drop_of(7).out)
    assert digests(make(tmp_path / "again", companies=COMPANIES, active=ACTIVE, events=EVENTS, seed=7).out) == first
    others = [digests(drop_of(seed).out) for seed in (8, 9)]
    for one, other in pairwise([first, *others]):
        assert one.keys() == other.keys()
        assert not set(one.values()) & set(other.values())


# ---------- landing


def test_every_record_lands_or_is_told_why_not(drop_of, tmp_path, monkeypatch, capsys):
    drop = drop_of()
    monkeypatch.setenv("DUCKHOUSE_LANDING", str(tmp_path))
    assert land.main(["consent", str(drop.out), "--json"]) == 0
    deliveries = json.loads(capsys.readouterr().out)["deliveries"]
    assert len(deliveries) == 2
    zone = tmp_path / "consent" / "delivery=*"
    files = {}
    for row in read_landed(zone / "_files" / "*.parquet"):
        prefix = "redelivery/" if row["_delivery_id"] == max(d["delivery_id"] for d in deliveries) else ""
        files[prefix + row["_source_file"]] = row
    told = drop.truth["totals"]["records"]
    assert {
        name: {"read": row["records_read"], "malformed": row["records_rejected"], "blank": row["records_blank"]}
        for name, row in files.items()
    } == told
    events = read_landed(zone / "events" / "*.parquet")
    assert len(events) == len(drop.rows)
    rejected = {(row["_source_file"], row["_source_row"]) for row in read_landed(zone / "_rejected" / "*.parquet")}
    assert rejected == drop.listed()["malformed_record"]
    places = Counter((row["_source_file"], row["_source_row"], (row["event_id"] or "").strip()) for row in events)
    assert places == Counter(
        (row.file.removeprefix("redelivery/"), row.row, (row.raw["EVENT_ID"] or "").strip()) for row in drop.rows
    )


# ---------- the command


def test_a_folder_that_holds_something_is_refused_and_left_alone(tmp_path):
    (tmp_path / "kept.txt").write_text("mine")
    with pytest.raises(UserError, match="is not empty; name another folder or remove it"):
        make(tmp_path, companies=1, active=1, events=1, seed=7)
    assert [path.name for path in tmp_path.iterdir()] == ["kept.txt"]


def test_an_interrupted_run_leaves_the_folder_to_the_next_one(tmp_path, monkeypatch):
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    drop = tmp_path / "drop"
    with monkeypatch.context() as during, pytest.raises(KeyboardInterrupt):
        during.setattr(generator, "write_truth", interrupted)
        make(drop, companies=2, active=1, events=20, seed=7)
    assert list(drop.iterdir()) == []
    assert make(drop, companies=2, active=1, events=20, seed=7).rows


@pytest.mark.parametrize(
    "arguments",
    [
        ["consent"],
        ["consent", "--out", "x", "--companies", "0"],
        ["consent", "--out", "x", "--companies", "4", "--active", "5"],
        ["consent", "--out", "x", "--active", "some"],
        ["consent", "--out", "x", "--events-per-company", "1.5"],
        ["consent", "--out", "x", "--seed", "-1"],
        ["consent", "--out", "x", "--start", "yesterday"],
        ["consent", "--out", "x", "--days", "3"],
    ],
)
def test_bad_arguments_are_one_line_and_exit_2(arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert_refused_in_one_line(arguments, monkeypatch, capsys)
    assert not list(tmp_path.iterdir())


def test_the_command_writes_a_drop_and_one_summary(tmp_path):
    call = [sys.executable, "-m", "tools.generate", "consent", "--companies", "5", "--active", "2"]
    call += ["--events-per-company", "50", "--out", str(tmp_path / "drop")]
    done = subprocess.run([*call, "--json"], cwd=PROJECT, capture_output=True, text=True, check=True)
    drop = read(tmp_path / "drop")
    summary = json.loads(done.stdout)
    told = drop.truth["totals"]["after_redelivery"]["companies"].values()
    assert summary["stored"] == sum(company["stored"] for company in told)
    assert summary["records"] == sum(records["read"] for records in drop.truth["totals"]["records"].values())
    assert done.stderr == ""
    again = subprocess.run(call, cwd=PROJECT, capture_output=True, text=True)
    assert again.returncode == 1
    assert again.stderr.startswith("error: --out ")
    assert again.stderr.count("\n") == 1
