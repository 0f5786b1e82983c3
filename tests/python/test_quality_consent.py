"""Rules of consent: what each must find and a look-alike that it must not, in three deliveries built once."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import duckdb
import pytest

from duckhouse.warehouse.blocked import Blocked, blocked
from duckhouse.warehouse.connection import connect
from support.consent import COMPANY_COLUMNS, Record, deliver, event, records
from support.dbt import environment, invoke_dbt, told_by_dbt
from support.drops import NO_TESTS
from support.landing import csv_text
from support.warehouse import Warehouse, warehouse

FINDINGS = (
    *NO_TESTS,
    "--select",
    "+fct_dq_findings",
    "+rpt_quality_systems",
    "path:models/reporting/quality",
    "rpt_consent_open_errors",
)


def at(moment: str, event_id: str, **fields: str) -> dict[str, str]:
    """An event within the hour of its window."""
    return event(event_id, "shop", at=moment, window_start=f"{moment[:13]}:00:00.000", **fields)


def lists(enabled: list[Any], disabled: list[Any]) -> dict[str, list[Any]]:
    return {"enabled": enabled, "disabled": disabled}


def given(event_id: str, status: str, parameters: Any) -> dict[str, str]:
    return event(event_id, "choices", "consent.given", parameters=parameters, consent=status)


# the records of this file have one line each, so the first is on line 2
ASIDE = [
    event("", "shop"),
    event("   ", "shop", at="not available"),
    event("time-none", "shop", at="not available"),
    event("time-no-day", "shop", at="2025-02-30 10:00:00.000"),
    event("rate-none", "shop", rate=""),
    event("rate-zero", "shop", rate="0.0"),
    event("rate-above", "shop", rate="1.5"),
]
ASIDE_TAIL = "\n" * 2 + "too,few,fields\n"

TIMES = [
    event("time-zulu", "shop", at="2025-09-05T10:00:00Z"),
    event("time-seconds", "shop", at="1757066400"),
    at("2026-01-10 06:00:00.001", "after-delivery"),
    at("2026-01-10 06:00:00.000", "with-delivery"),
    event("epoch", "shop", at="1970-01-01 00:20:00.000"),
    event("two-days-before", "shop", at="2025-09-03 10:00:00.000"),
    event("a-day-before", "shop", at="2025-09-04 10:00:00.000"),
    event("just-before", "shop", at="2025-09-05 09:59:59.999"),
    event("just-within", "shop", at="2025-09-05 10:59:59.999"),
    event("just-after", "shop", at="2025-09-05 11:00:00.000"),
    event("without-window", "shop", at="2025-09-05 11:00:00.000", window_start=""),
]

PLACES = [
    event("of-the-uk", "shop", country='"UK"'),
    event("of-great-britain", "shop", country=' "gb" ', region=""),
    event("of-namibia", "shop", country='"NA"', region=""),
    event("nowhere", "shop", country='""'),
    event("bare", "shop", country="FR"),
]

VISITORS = [
    event("robot", "shop", browser_family="HeadlessChrome"),
    event("cubot", "shop", browser_family="Cubot Browser"),
    event("without-user", "shop", user_id=" "),
    event("user-zero", "shop", user_id="0"),
]

# RATE and COUNT: 1 / 0.03 is 33.3, 1 / 0.4 is 2.5
WEIGHTS = [
    event("inverse", "weights", rate="0.1", count="10"),
    event("inverse-with-decimal", "weights", rate="0.1", count="10.0"),
    event("inverse-cut", "weights", rate="0.03", count="33"),
    event("inverse-of-half", "weights", rate="0.4", count="3"),
    event("above", "weights", rate="0.03", count="34"),
    event("several", "weights", count="2"),
    event("below", "weights", rate="0.1", count="9"),
    event("count-none", "weights", count=""),
    event("count-text", "weights", count="ten"),
    event("count-zero", "weights", rate="0.1", count="0"),
    event("noise-single", "weights", rate="0.20000000298", count="5"),
    event("noise-double", "weights", rate="1.0000000000000002"),
    event("three-decimals", "weights", rate="0.125", count="8"),
    event("zeros", "weights", rate="0.0300000000", count="33"),
    event("scientific", "weights", rate="3E-2", count="33"),
]

TYPES = [event("type-new", "shop", "consent.updated"), event("type-none", "shop", "")]

SPELLINGS = [
    event("spelled-type", "shop", " PageView "),
    event("spelled-status", "shop", consent="Empty"),
    event("spelled-sdk", "shop", sdk_type="SDK-web"),
    event("spelled-device", "shop", device_type="desktop "),
    event("spelled-country", "shop", country='"fr"'),
    event("spelled-twice", "shop", "PAGEVIEW", country='"fr"'),
    event("spelled-elsewhere", "shop", browser_family=" Chrome", domain="Service.example"),
    event("twice", "shop"),
    event(" TWICE ", "shop"),
    event("in-two-files", "shop"),
]

CHOSEN = {"purposes": lists(["cookies"], ["market"]), "vendors": lists([63], ["google"])}
CHOICES = [
    given("cut", "full opt-in", json.dumps(CHOSEN)[:40]),
    given("single-quoted", "full opt-in", json.dumps(CHOSEN).replace('"', "'")),
    given("with-a-comma-behind", "full opt-in", json.dumps(CHOSEN) + ","),
    given("comma-in-a-list", "full opt-in", '{"purposes": {"enabled": ["cookies",], "disabled": []}}'),
    given("nan", "full opt-in", '{"score": NaN}'),
    given("nan-in-a-text", "full opt-in", '{"score": "NaN,]"}'),
    given("no-object", "full opt-in", "[1, 2]"),
    given("empty-line-within", "full opt-in", '{"score":\n\n1}'),
    given("without", "full opt-in", ""),
    given("some", "partial opt-in", {**CHOSEN, "purposes_li": lists(["market"], []), "vendors_li": lists([], [63])}),
    given("all", "full opt-in", {"purposes": lists(["cookies"], []), "vendors": lists(["google"], [])}),
    given("none", "opt-out", {"purposes": lists([], ["cookies"]), "vendors": lists([], [63, "google"])}),
    given("out-with-a-vendor", "opt-out", {"purposes": lists([], ["cookies"]), "vendors": lists(["google"], [])}),
    given("in-without-a-purpose", "full opt-in", {**CHOSEN, "vendors": lists([63], [])}),
    given("untold", "", {"purposes": lists([], ["cookies"])}),
    event("page", "choices", parameters=CHOSEN, consent="opt-out"),
    given("reversed", "empty", {"created": "2025-09-05T10:00:00Z", "updated": "2025-09-05T09:59:59.999Z"}),
    given("at-once", "empty", {"created": "2025-09-05T10:00:00Z", "updated": "2025-09-05T10:00:00Z"}),
    *(event(f"offer-{n}", "choices", "consent.asked") for n in range(20)),
]

# one stored event at rate 0.1 is 10 events, and at most 10 + 1.96 x sqrt(90); COUNT / RATE makes 100 of it
READINGS = [
    event("once", "readings", "ui.action", rate="0.1", count="10"),
    *(event(f"complete-{n}", "readings", "pageview") for n in range(8)),
]

STRANGERS = [event("of-a-stranger", "stranger"), event("of-nobody", ""), event("of-the-shop", " SHOP ")]
OWNED = [*(event(f"owned-{n}", "owner") for n in range(19)), event("guest", "shop")]
MIXED = [*(event(f"mixed-{n}", ("owner", "shop")[n % 2]) for n in range(20))]
SMALL = [*(event(f"small-{n}", "owner") for n in range(18)), event("guest-of-a-few", "shop", country="FR")]
BARE = [
    *(event(f"bare-{n}", "owner", country="FR") for n in range(11)),
    *(event(f"quoted-{n}", "owner") for n in range(9)),
]

# three files of 100 records
FRENCH = [event(f"french-{n}", "cap-1") for n in range(100)]
PHONE = {"country": '"DE"', "region": '"BY"', "browser_family": "Mobile Safari", "device_type": "smartphone"}
GERMAN = [event(f"german-{n}", "cap-2", **PHONE) for n in range(100)]
APP = {"sdk_type": "sdk-mobile", "browser_family": "App", "device_type": "smartphone"}
IN_APPS = [event(f"app-{n}", "cap-3", **APP) for n in range(100)]
PAIRS = [
    event("german-in-paris", "shop", country='"DE"'),
    event("swiss-in-bavaria", "shop", country='"CH"', region='"BY"'),
    event("chrome-on-a-phone", "shop", device_type="smartphone"),
    event("chrome-on-a-television", "shop", device_type="television"),
    event("chrome-in-an-app", "shop", sdk_type="sdk-mobile", device_type="tablet"),
    event("new-browser-in-an-app", "shop", sdk_type="sdk-mobile", browser_family="New", device_type="tablet"),
]

# medians of one event and no deviation: more than 1 + 10 x 1 are too many
CROWD = [
    *(event(f"crowd-{n}", "crowd") for n in range(11)),
    *(event(f"crowd-heavy-{n}", "crowd", user_id="heavy") for n in range(12)),
    *(event(f"crowd-keen-{n}", "crowd", user_id="keen") for n in range(11)),
    *(event(f"few-{n}", "few-users") for n in range(8)),
    *(event(f"few-heavy-{n}", "few-users", user_id="heavy") for n in range(30)),
]


def twice(company: str, users: int, elsewhere: int, **there: str) -> list[dict[str, str]]:
    """Two events of each user, the second of the first users somewhere else."""
    return [
        event(f"{company}-{user}-{n}", company, user_id=f"{user}", **(there if n and user < elsewhere else {}))
        for user in range(users)
        for n in range(2)
    ]


ABROAD = {"country": '"BE"', "region": ""}
SHARED = [
    *twice("shared", 10, 1, **ABROAD, browser_family="Firefox"),
    *twice("travelling", 10, 10, **ABROAD),
    *twice("switching", 10, 10, browser_family="Firefox"),
    *twice("few-shared", 9, 9, **ABROAD, browser_family="Firefox"),
]


def drawn(company: str, users: int, pages: int, **fields: str) -> list[dict[str, str]]:
    """Stored pageviews of a tenth: so many of each user."""
    weight = {"rate": "0.1", "count": "10"} | fields
    return [
        event(f"{company}-{pages}-{user}-{n}", company, user_id=f"{pages}-{user}", **weight)
        for user in range(users)
        for n in range(pages)
    ]


# by-user: 12 users with 4 stored pageviews, so 12 x 40² x 0.9 by user is 4 times the 48 x 90 by event, 3.75 times
# without one of them, and independent draws need users with 1 + (40² - 4 x 10²) / 40 = 31. Of the others by-event fails
# two conditions, each of the others one
DRAWN = [
    *drawn("by-user", 12, 4),
    *drawn("by-event", 24, 1),
    *drawn("by-event", 10, 2),
    *drawn("one-robot", 24, 1),
    *drawn("one-robot", 10, 2),
    *drawn("one-robot", 1, 11),
    *drawn("at-half", 12, 4, rate="0.5", count="2"),
    *drawn("few-again", 9, 4),
    *drawn("nameless", 12, 4),
    *drawn("merged", 12, 1, count="11"),  # of 11 stored events each, which need not be of the one user that is named
    *(event(f"nameless-{n}", "nameless", user_id="", rate="0.1", count="10") for n in range(6)),
]
DRAWN_COMPANIES = ("by-user", "by-event", "one-robot", "at-half", "few-again", "nameless", "merged")

CONVERSIONS = [
    *(event(f"again-asked-{n}", "again-and-again", "consent.asked") for n in range(2)),
    *(event(f"again-given-{n}", "again-and-again", "consent.given") for n in range(3)),
    *(event(f"maybe-asked-{n}", "maybe", "consent.asked", rate="0.1", count="10") for n in range(2)),
    *(event(f"maybe-given-{n}", "maybe", "consent.given") for n in range(25)),
    *(event(f"usual-asked-{n}", "usual", "consent.asked") for n in range(10)),
    *(event(f"usual-given-{n}", "usual", "consent.given") for n in range(10)),
    *(event(f"silent-{n}", "silent", "consent.given") for n in range(50)),
    *(event(f"few-choices-{n}", "few-choices", "consent.given") for n in range(4)),
]

AGAIN = [
    event("mended", "again", country=""),
    event("still-nowhere", "again", country=""),
    event("changed", "again", consent="opt-out"),
    event("respelled-only", "again", consent="opt-out"),
    event("changed-without-a-time", "again", consent="opt-out"),
    event("moved", "again", at="2025-09-05 10:00:00.000"),
    event("moved-back", "again", at="2025-09-05 10:30:00.000"),
    event("same-moment", "again", at="2025-09-05 10:00:00.000"),
]
LATER = [
    event("mended", "again"),
    event("still-nowhere", "again", country=""),
    event("changed", "again", consent="full opt-in"),
    event("respelled-only", "again", consent=" Opt-out"),
    event("changed-without-a-time", "again", consent="full opt-in", at="not available"),
    event("moved", "again", at="2025-09-05 10:20:00.000"),
    event("moved-back", "again", at="2025-09-05 10:10:00.000"),
    event("same-moment", "again", at="2025-09-05T12:00:00+02:00"),
    event("late", "again", parameters="{}", experiment="b"),
    event("late-too", "again", at="2025-09-05 10:01:00.000"),
    {**at("2025-09-06 10:00:00.000", "on-a-new-day"), "apikey": "again"},
    event("of-a-new-company", "newcomer"),
]
TWO_OF_A_SIZE = {f"two-{n}": [event(f"two-{n}-{k}", "newcomer") for k in range(100)] for n in range(2)}
LATER_FILES = {
    name: [{**record, "domain": ""} for record in events] for name, events in {"again": LATER, **TWO_OF_A_SIZE}.items()
}
LAST = [{**at("2025-09-07 10:00:00.000", "alone", domain="", deployment_id=""), "apikey": "newcomer"}]

BROKEN_NAMES = [f"broken-{n}" for n in range(13)]
HALF_BROKEN_NAMES = [f"half-broken-{n}" for n in range(12)]
FILLED = {"parameters": "{}", "experiment": "b"}
BROKEN = [
    *(event(name, "newcomer", at="not available", **FILLED) for name in BROKEN_NAMES),
    *({**at("2025-09-07 10:00:00.000", f"whole-{n}", **FILLED), "apikey": "newcomer"} for n in range(12)),
]
HALF = [
    *(event(name, "newcomer", at="not available", **FILLED) for name in HALF_BROKEN_NAMES),
    *({**at("2025-09-07 10:00:00.000", f"half-whole-{n}", **FILLED), "apikey": "newcomer"} for n in range(12)),
]

COMPANIES = [
    *((company, "Services", "Services", "France") for company in ("shop", "weights", "choices", "readings", "owner")),
    *((company, "Services", "Services", "France") for company in ("cap-1", "cap-2", "cap-3", "crowd", "few-users")),
    *((company, "Services", "Services", "France") for company in ("shared", "travelling", "switching", "few-shared")),
    *((company, "Services", "Services", "France") for company in ("again-and-again", "maybe", "usual", "silent")),
    *((company, "Services", "Services", "France") for company in ("few-choices", "newcomer", "again", "listed-twice")),
    *((company, "Services", "Services", "France") for company in DRAWN_COMPANIES),
    (" LISTED-Twice ", "Services", "Services", "France"),
]
LATER_COMPANIES = [("again", "Services", "Sport", ""), ("shop", " Services ", "Services", "France")]

FILES = {
    "aside": ASIDE,
    "cases": [*TIMES, *PLACES, *VISITORS, *TYPES, *SPELLINGS, *PAIRS],
    "weights": WEIGHTS,
    "readings": READINGS,
    "choices": CHOICES,
    "strangers": [*STRANGERS, event("in-two-files", "shop")],
    "owned": OWNED,
    "mixed": MIXED,
    "small": SMALL,
    "bare": BARE,
    "cap-1": FRENCH,
    "cap-2": GERMAN,
    "cap-3": IN_APPS,
    "users": [*CROWD, *SHARED],
    "conversions": CONVERSIONS,
    "drawn": DRAWN,
    "again": AGAIN,
}
DELIVERIES = ("first", "second", "third", "fourth")

# rule: keys, with deliveries by their number and users by their id
EXPECTED: dict[str, set[str]] = {
    "missing_event_id": {"first/events/csv/aside.csv#2", "first/events/csv/aside.csv#3"},
    "unreadable_time": {
        *("time-none", "time-no-day", "changed-without-a-time"),
        *BROKEN_NAMES,
        *HALF_BROKEN_NAMES,
    },
    "unusable_rate": {"rate-none", "rate-zero", "rate-above"},
    "unknown_type": {"type-new", "type-none"},
    "time_after_delivery": {"after-delivery"},
    "time_before_window": {"epoch", "two-days-before"},
    "window_mismatch": {"a-day-before", "just-before", "just-after"},
    "unlisted_company": {"of-a-stranger", "of-nobody"},
    "unknown_country": {"of-the-uk"},
    "missing_country": {"nowhere", "mended", "still-nowhere"},
    "country_without_quotes": {"bare"},
    "headless_browser": {"robot"},
    "missing_user": {"without-user", *(f"nameless-{n}" for n in range(6))},
    "count_above_inverse": {"above", "several", *(f"merged-1-{user}-0" for user in range(12))},
    "count_below_inverse": {"below"},
    "missing_count": {"count-none", "count-text", "count-zero"},
    "rate_noise": {"noise-single", "noise-double"},
    "text_respelled": {
        *("spelled-type", "spelled-status", "spelled-sdk", "spelled-device", "spelled-country", "spelled-twice"),
        *("twice", "of-great-britain", "respelled-only"),
    },
    "invalid_json": {"cut", "single-quoted", "with-a-comma-behind", "comma-in-a-list", "nan"},
    "status_contradicts_choices": {"out-with-a-vendor", "in-without-a-purpose", "untold"},
    "updated_before_created": {"reversed"},
    "rejected_record": {"first/events/csv/aside.csv#11"},
    "file_unusable": {"third/events/csv/broken.csv"},
    "unmapped_columns": {"fourth/companies.csv/segment"},
    "blank_lines": {"first/events/csv/aside.csv"},
    "duplicate_in_file": {"twice"},
    "event_in_two_files": {"in-two-files"},
    "record_in_other_file": {"guest"},
    "file_capped": {f"first/events/csv/cap-{n}.csv" for n in (1, 2, 3)},
    "empty_column": {"experiment", "domain"},
    "dimension_key_repeated": {"companies/listed-twice"},
    "dimension_changed": {"companies/again/second"},
    "consent_changed": {"changed"},
    "moved_later": {"moved"},
    "late_events": {"second|again|2025-09-05"},
    "region_of_other_country": {"german-in-paris"},
    "browser_not_on_device": {"chrome-on-a-phone"},
    "browser_not_of_sdk": {"chrome-in-an-app"},
    "concentrated_user": {"crowd|heavy"},
    "shared_user_id": {"shared"},
    "impossible_conversion": {"again-and-again", "silent"},
    "sampled_by_user": {"by-user|pageview"},
    "volume_readings_contradict": {
        *("readings|ui.action", "weights|pageview", "maybe|consent.asked"),
        *(f"{company}|pageview" for company in DRAWN_COMPANIES if company != "merged"),
    },
}


@pytest.fixture(scope="module")
def built() -> Iterator[Warehouse]:
    with warehouse("all") as house:
        drops = replace(house, source="consent")
        deliver(drops, 10, FILES, COMPANIES, tails={"aside": ASIDE_TAIL})
        deliver(drops, 11, LATER_FILES, LATER_COMPANIES)
        deliver(drops, 12, {"last": LAST, "broken": BROKEN, "half": HALF})
        with_more = drops.new_drop() / "companies.csv"
        with_more.parent.mkdir(parents=True)
        with_more.write_text(csv_text([[*COMPANY_COLUMNS, "segment"], ["shop", "Services", "Services", "France", "A"]]))
        drops.land(with_more.parent, "--delivered-at", "2026-01-13T06:00:00Z")
        house.build(*FINDINGS)
        yield house


@pytest.fixture(scope="module")
def found(built: Warehouse) -> dict[str, dict[str, Record]]:
    """The findings of consent by rule and key, as EXPECTED writes keys."""
    landed = built.rows("select distinct _delivery_id from staging.stg_consent__files order by 1")
    spellings = {delivery: name for (delivery,), name in zip(landed, DELIVERIES, strict=True)}
    spellings |= {hashlib.sha256(user.encode()).hexdigest(): user for user in ("heavy", "keen")}
    findings: dict[str, dict[str, Record]] = {}
    for finding in records(built, "quality.fct_dq_findings", "source = 'consent'"):
        key = finding["finding_key"]
        for spelling, name in spellings.items():
            key = key.replace(spelling, name)
        findings.setdefault(finding["rule_id"].removeprefix("consent__"), {})[key] = finding
    return findings


@pytest.mark.parametrize("rule", EXPECTED)
def test_a_rule_finds_its_cases_and_no_look_alike(found: dict[str, dict[str, Record]], rule: str) -> None:
    assert found.get(rule, {}).keys() == EXPECTED[rule]


def test_every_rule_has_a_case(built: Warehouse) -> None:
    rules = built.rows("select rule_id from quality.dim_dq_rules where source = 'consent'")
    assert {rule.removeprefix("consent__") for (rule,) in rules} == EXPECTED.keys()


def test_findings_are_the_same_on_both_engines(built: Warehouse) -> None:
    compared = built.parity("--select", "fct_dq_findings", "path:models/reporting/quality", "rpt_consent_open_errors")
    assert len(compared) == 11
    assert [result for result in compared if not result["equal"]] == []


def test_the_system_shows_its_deliveries_also_those_without_events(built: Warehouse) -> None:
    [system] = records(built, "reporting.rpt_quality_systems")
    [(read,)] = built.rows("select sum(records_read) from quality.fct_consent_event_records")
    assert (system["source"], system["deliveries"], system["records_read"]) == ("consent", 4, read)
    assert (str(system["last_delivery_at"]), system["last_delivery_records"]) == ("2026-01-13 06:00:00", 0)
    assert (system["records_unaccounted"], system["is_right"], system["days_late"]) == (0, False, None)


def test_a_finding_is_closed_by_a_later_record_without_the_fault(found: dict[str, dict[str, Record]]) -> None:
    assert {key: finding["is_open"] for key, finding in found["missing_country"].items()} == {
        "nowhere": True,
        "mended": False,
        "still-nowhere": True,
    }


# rule, key: observed, expected, record_count
TOLD: dict[tuple[str, str], tuple[str | None, str | None, int]] = {
    ("unusable_rate", "rate-above"): ("1.5", "at least 0.000000001 and at most 1", 1),
    ("unknown_country", "of-the-uk"): ('"UK"', "a code of ISO 3166-1", 1),
    ("count_above_inverse", "above"): ("34", "33", 1),
    ("count_below_inverse", "below"): ("9", "10", 1),
    ("missing_count", "count-text"): ("ten", "1", 1),
    ("rate_noise", "noise-single"): ("0.20000000298", "0.2", 1),
    ("text_respelled", "spelled-twice"): ("event_type,country_code", "one spelling of each value", 1),
    ("blank_lines", "first/events/csv/aside.csv"): ("2 blank", "none", 2),
    ("duplicate_in_file", "twice"): ("2 records", "1 record", 2),
    ("event_in_two_files", "in-two-files"): ("2 files", "1 file", 2),
    ("missing_country", "still-nowhere"): (None, "a code of ISO 3166-1", 2),
    ("file_capped", "first/events/csv/cap-1.csv"): ("100", "a number of its own", 100),
    ("dimension_changed", "companies/again/second"): (
        "industry_front=Sport, hq_country=none",
        "industry_front=Services, hq_country=France",
        1,
    ),
    ("consent_changed", "changed"): ("full opt-in", "opt-out", 1),
    ("late_events", "second|again|2025-09-05"): ("2 events", "none once the day was published", 2),
    ("concentrated_user", "crowd|heavy"): ("12", "about 1", 12),
    ("shared_user_id", "shared"): ("1 of 10", "hardly any user", 2),
    ("sampled_by_user", "by-user|pageview"): (
        "12 of 12 users stored again",
        "fewer, were events drawn by themselves",
        48,
    ),
    ("impossible_conversion", "silent"): ("50 choices", "at most 0 notices", 50),
    ("volume_readings_contradict", "readings|ui.action"): ("100", "10", 1),
    ("status_contradicts_choices", "untold"): (None, "opt-out", 1),
}


@pytest.mark.parametrize(("rule", "key"), TOLD)
def test_a_finding_tells_what_is_there_and_what_was_expected(
    found: dict[str, dict[str, Record]], rule: str, key: str
) -> None:
    finding = found[rule][key]
    assert (finding["observed"], finding["expected"], finding["record_count"]) == TOLD[rule, key]


# rule, key: part of the evidence
EVIDENCE: dict[tuple[str, str], dict[str, Any]] = {
    ("missing_event_id", "first/events/csv/aside.csv#2"): {"_source_row": 2, "_source_file": "events/csv/aside.csv"},
    ("window_mismatch", "just-before"): {"micros_after_start": -1000, "company_id": "shop"},
    ("record_in_other_file", "guest"): {"records_of_company": 19, "records_of_file": 20},
    ("event_in_two_files", "in-two-files"): {"files": "events/csv/cases.csv,events/csv/strangers.csv"},
    ("dimension_changed", "companies/again/second"): {"version_number": 2},
    ("moved_later", "moved"): {"micros_moved": 20 * 60 * 1_000_000},
    ("status_contradicts_choices", "out-with-a-vendor"): {
        "purposes_enabled": 0,
        "purposes_disabled": 1,
        "vendors_enabled": 1,
        "vendors_disabled": 0,
    },
    ("volume_readings_contradict", "readings|ui.action"): {
        "events_sampled": 1,
        "events_weighted_once": 10,
        "events_extrapolated": 100,
        "records_with_count_of_inverse_rate": 1,
    },
    ("sampled_by_user", "by-user|pageview"): {
        "design_effect": 4,
        "design_effect_without_largest_user": 3.75,
        "events_per_user_if_independent": 31,
        "events_weighted_once_se": 65.72,
        "events_weighted_once_by_user_se": 131.45,
    },
    # 1 / 0.4 is 2.5, rounded 3: that COUNT is the inverse too
    ("volume_readings_contradict", "weights|pageview"): {"records_with_count_of_inverse_rate": 9},
}


@pytest.mark.parametrize(("rule", "key"), EVIDENCE)
def test_the_evidence_has_the_figures_behind_a_finding(
    found: dict[str, dict[str, Record]], rule: str, key: str
) -> None:
    evidence = json.loads(found[rule][key]["evidence"])
    assert evidence == evidence | EVIDENCE[rule, key]


def test_deliveries_of_a_finding_are_those_that_show_it(found: dict[str, dict[str, Record]]) -> None:
    def deliveries(rule: str, key: str) -> list[str]:
        return [found[rule][key][f"{end}_delivery_id"][:8] for end in ("first", "last")]

    assert deliveries("missing_country", "still-nowhere") == ["20260110", "20260111"]
    assert deliveries("empty_column", "experiment") == ["20260110", "20260110"]
    assert deliveries("empty_column", "domain") == ["20260111", "20260111"]


# ---------- acknowledged findings

ENGINES = ("dev", "prod")
LAST_DAY, DAY_BEFORE = "2026-01-13", "2026-01-12"  # the last delivery brought companies alone
ACKNOWLEDGED = [
    ("consent__file_unusable", None, "a test of the sender", LAST_DAY),
    ("consent__missing_country", "nowhere", "known", "2099-12-31"),
    ("consent__unusable_rate", None, "no longer", DAY_BEFORE),
]
GATE = "assert_no_blocking_finding"
WARNINGS = {"error": "assert_no_open_error", "warning": "assert_no_open_warning"}


@dataclass(frozen=True)
class Engine:
    """What one engine tells: of acknowledgements that are not in order, of the gate before there are any, and of tests
    that warn once there are; and what blocks before and after."""

    out_of_order: str
    gate: str
    warnings: dict[str, str]
    before: Blocked | None
    after: Blocked | None


@dataclass(frozen=True)
class Acknowledgements:
    """The engines by target; findings and views of dev while findings are acknowledged, and what parity says then."""

    engines: dict[str, Engine]
    findings: list[Record]
    rules: dict[str, Record]
    actions: dict[str, Record]
    differences: list[Any]


@pytest.fixture(scope="module")
def acknowledged(built: Warehouse) -> Iterator[Acknowledgements]:
    """The rows are put into the table of the seed, and taken out again."""
    unordered, gates, blocks = {}, {}, {}
    acknowledge(built, ("consent__nothing", None, " ", "2026-02-30"), by="")
    for target in ENGINES:
        unordered[target] = told_by(built, target, "test", "--select", "acknowledged_findings_checks")
        gates[target] = told_by(built, target, "build", "--select", GATE)
        blocks[target] = what_blocks(built, target)
    acknowledge(built, *ACKNOWLEDGED)
    engines = {}
    for target in ENGINES:
        again = ("fct_dq_findings", "path:models/reporting/quality", *WARNINGS.values(), GATE)
        outcome = invoke_dbt("build", "--select", *again, target=target, env=built.env)
        messages = {result.node.name: result.message for result in outcome.result.results}
        warnings = {severity: messages[name] for severity, name in WARNINGS.items()}
        after = what_blocks(built, target)
        engines[target] = Engine(unordered[target], gates[target], warnings, blocks[target], after)
    compared = built.parity("--select", "fct_dq_findings", "path:models/reporting/quality")
    yield Acknowledgements(
        engines,
        records(built, "quality.fct_dq_findings"),
        {rule["rule_id"]: rule for rule in records(built, "reporting.rpt_quality_rules")},
        {rule["rule_id"]: rule for rule in records(built, "reporting.rpt_quality_actions")},
        [result for result in compared if not result["equal"]],
    )
    acknowledge(built)
    for target in ENGINES:
        built.dbt(target, "run", "--select", "fct_dq_findings")


def acknowledge(house: Warehouse, *rows: tuple[str, str | None, str, str], by: str = "ada") -> None:
    """Makes these all that is acknowledged."""
    listed = [(rule, key, reason, by, until) for rule, key, reason, until in rows]
    with duckdb.connect(str(house.duckdb)) as connection:
        connection.execute("delete from staging.acknowledged_findings")
        for row in listed:
            connection.execute("insert into staging.acknowledged_findings values (?, ?, ?, ?, ?)", row)
    with environment(house.env), connect() as client:
        client.command(f"truncate table {house.prefix}_staging.acknowledged_findings")
        if listed:
            client.insert("acknowledged_findings", listed, database=f"{house.prefix}_staging")


def told_by(house: Warehouse, target: str, *words: str) -> str:
    return told_by_dbt(*words, target=target, env=house.env, succeeds=False)


def what_blocks(house: Warehouse, target: str) -> Blocked | None:
    with environment(house.env):
        return blocked(target)


@pytest.mark.parametrize("target", ENGINES)
def test_a_finding_that_blocks_is_told_with_its_file_until_it_is_acknowledged(
    acknowledged: Acknowledgements, target: str
) -> None:
    engine = acknowledged.engines[target]
    assert engine.gate == f"{target}: {GATE}: 1 open finding: consent__file_unusable (1)"
    assert engine.before is not None
    [found] = engine.before.findings
    assert found.place.startswith("events/csv/broken.csv, of delivery 20260112T060000000000Z-")
    assert found.evidence.startswith("13 of 25 unusable, expected: at most half; records: 25; ")
    assert (found.rule_id, found.record_count) == ("consent__file_unusable", 13)
    assert engine.after is None


def test_what_is_acknowledged_stays_an_open_finding_with_its_reason(acknowledged: Acknowledgements) -> None:
    accepted = {
        (one["rule_id"].removeprefix("consent__"), one["finding_key"].split("/")[-1], one["acknowledgement"])
        for one in acknowledged.findings
        if one["is_acknowledged"]
    }
    assert accepted == {
        ("file_unusable", "broken.csv", "a test of the sender"),
        ("missing_country", "nowhere", "known"),
    }
    assert all(one["is_open"] for one in acknowledged.findings if one["is_acknowledged"])
    assert all(one["acknowledgement"] is None for one in acknowledged.findings if not one["is_acknowledged"])


def test_an_acknowledgement_ends_after_its_day(acknowledged: Acknowledgements) -> None:
    [rate] = [one for one in acknowledged.findings if one["finding_key"] == "rate-above"]
    assert (rate["rule_id"], rate["is_open"], rate["is_acknowledged"]) == ("consent__unusable_rate", True, False)


@pytest.mark.parametrize("target", ENGINES)
def test_what_is_acknowledged_does_not_warn(acknowledged: Acknowledgements, target: str) -> None:
    for severity, message in acknowledged.engines[target].warnings.items():
        left = [
            one["rule_id"]
            for one in acknowledged.findings
            if one["severity"] == severity and one["is_open"] and not one["is_acknowledged"]
        ]
        [(most, number)] = Counter(left).most_common(1)
        assert message.startswith(f"{len(left)} open findings: ")
        assert f"{most} ({number})" in message
        assert "file_unusable" not in message


def test_what_is_acknowledged_is_counted_and_ranks_among_no_actions(acknowledged: Acknowledgements) -> None:
    counted = {rule_id: rule["acknowledged_findings"] for rule_id, rule in acknowledged.rules.items()}
    assert {rule_id: number for rule_id, number in counted.items() if number} == {
        "consent__file_unusable": 1,
        "consent__missing_country": 1,
    }
    assert acknowledged.rules["consent__file_unusable"]["open_findings"] == 1
    assert "consent__file_unusable" not in acknowledged.actions
    assert acknowledged.actions["consent__missing_country"]["findings"] == 1
    assert acknowledged.actions["consent__missing_country"]["records"] == 2


def test_acknowledged_findings_are_the_same_on_both_engines(acknowledged: Acknowledgements) -> None:
    assert acknowledged.differences == []


@pytest.mark.parametrize("target", ENGINES)
def test_an_acknowledgement_names_a_rule_a_reason_a_person_and_a_day(
    acknowledged: Acknowledgements, target: str
) -> None:
    assert acknowledged.engines[target].out_of_order == (
        f"{target}: acknowledged_findings_checks: rule_id_is_a_rule is not true: 1; has_a_reason is not true: 1; "
        "says_who_acknowledged_it is not true: 1; until_is_a_date_as_2026_12_31 is not true: 1"
    )
