"""Rules over ad serving: for each what it must find and what looks alike, in four deliveries written by hand."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from io import BytesIO
from itertools import count
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from duckhouse.warehouse.connection import connect
from support.dbt import environment, invoke_dbt
from support.drops import NO_TESTS, csv_of
from support.warehouse import Warehouse, findings_of

Record = dict[str, Any]
MOMENTS = count(1)


def event(event_id: str | None, day: str = "2026-01-05", **fields: Any) -> Record:
    """A sound filled impression at a microsecond of its own, unless told otherwise."""
    return {
        "event_id": event_id,
        "event_type": "impression",
        "timestamp": f"{day}T10:00:00.{next(MOMENTS):06}Z",
        "publisher_id": 1,
        "ad_unit_id": "au_1",
        "campaign_id": 20,
        "advertiser_id": 200,
        "device_type": "desktop",
        "browser": "Chrome",
        "site_domain": "one.example",
        "country_code": "US",
        "region": "NY",
        "revenue_usd": 0.5,
        "bid_floor_usd": 0.1,
        "is_filled": True,
        **fields,
    }


def unfilled(event_id: str, **fields: Any) -> Record:
    return event(
        event_id, **{"is_filled": False, "campaign_id": None, "advertiser_id": None, "revenue_usd": 0, **fields}
    )


def events(prefix: str, number: int, day: str, **fields: Any) -> list[Record]:
    return [event(f"{prefix}-{n}", day, **fields) for n in range(number)]


def lines(*records: Record | str) -> str:
    return "".join((record if isinstance(record, str) else json.dumps(record)) + "\n" for record in records)


def parquet(records: list[Record]) -> bytes:
    sink = BytesIO()
    pq.write_table(pa.Table.from_pylist(records), sink)
    return sink.getvalue()


PUBLISHERS = "publisher_id,publisher_name,primary_domain,account_manager,timezone,updated_at"
CAMPAIGNS = "campaign_id,campaign_name,advertiser_id,start_date,end_date,budget_usd,device_targeting,country_targeting"
AD_UNITS = "ad_unit_id,publisher_id,ad_unit_name,is_active"
DIMENSIONS = {
    "publishers.csv": csv_of(
        PUBLISHERS,
        "1,One,www.one.example,Ann,UTC,2026-01-01",
        "2,Two,two.example,Bob,UTC,2026-01-01",
        "3,Three,one.test,Bob,UTC,2026-01-01",
        "4,Four,four.blogs.example,Bob,UTC,2026-01-01",
    ),
    "campaigns.csv": csv_of(
        CAMPAIGNS,
        '10,Ten,100,2026-01-01,2026-12-31,1000,"desktop,mobile","US,FR"',
        '20,Twenty,200,01/01/2026,31.12.2026,"$1,000.00",,',
        "30,Thirty,300,2026-01-01,2026-12-31,,,",
        "30,Thirty,300,2026-01-01,2026-12-31,,,",
        "40,Forty,400,2026-13-45,2026-12-31,lots,,",
    ),
    "ad_units.csv": csv_of(AD_UNITS, "au_1,1,First,1", "au_2,2,Second,1", "au_3,1,Third,1", "au_4,2,Fourth,1"),
}
CHANGED_DIMENSIONS = {
    "publishers.csv": csv_of(
        PUBLISHERS, "1,One,www.one.example,Cid,UTC,2026-01-11", "2,Two,two.example,Bob,UTC,2026-01-11"
    ),
    "campaigns.csv": csv_of(
        CAMPAIGNS,
        '10,Ten,100,2026-01-01,2026-12-31,1000,desktop,"US,FR"',
        '20,Twenty,200,01/01/2026,31.12.2026,"$1,000.00",,',
        "30,Thirty,300,2026-01-01,2026-12-31,,,",
        "40,Forty,400,2026-01-02,2026-12-31,500,,",
    ),
    "ad_units.csv": csv_of(AD_UNITS, "au_1,1,First,1", "au_2,2,Second,1", "au_3,1,Third,0", "au_4,1,Fourth,1"),
}

BROKEN = lines(
    event(None, "2026-01-04"),
    event("   ", "2026-01-04"),
    '{"event_id": "cut',
    "",
    "[1, 2]",
    "",
    event("null", "2026-01-04"),
    event("no-such-day", timestamp="2026-02-30T12:00:00Z"),
    event("no-time", timestamp=None),
    event("comes-back", timestamp="soon"),
    event("by-the-epoch", timestamp=1767520800.5),
)

SINGLE = [
    event("video", event_type="video_quartile"),
    event("typeless", event_type=None),
    unfilled("unfilled-paid", revenue_usd=0.2),
    unfilled("unfilled-campaign", campaign_id=20, advertiser_id=200),
    unfilled("unfilled"),
    event("untold", is_filled=None),
    event("free", revenue_usd=0),
    event("free-click", event_type="click", revenue_usd=0),
    event("unsettled", revenue_usd=None, bid_floor_usd=None),
    event("floorless", bid_floor_usd=None),
    event("floorless-click", event_type="click", bid_floor_usd=None),
    event("cheap", revenue_usd=0.09),
    event("cheap-twice", revenue_usd=0.08),
    event("cheap-mended", revenue_usd=0.07),
    event("cheap-withdrawn", revenue_usd=0.06),
    event("at-the-floor", revenue_usd=0.1),
    event("decimal-comma", revenue_usd="0,5"),
    event("word", revenue_usd="n/a"),
    event("scientific", revenue_usd="5E-1"),
    event("blank-amount", revenue_usd=" "),
    event("score-above", placement_quality_score=1.01),
    event("score-below", placement_quality_score=-0.01),
    event("score-0", placement_quality_score=0),
    event("score-1", placement_quality_score=1),
    event("extra", sdk_version="3.1", **{"größe": {"b": 1, "a": [2]}}),
]
SPELLINGS = [
    event("SHOUTED-ID"),
    event("  padded-id "),
    event("padded-id"),
    event("shouted-type", event_type="IMPRESSION"),
    event("padded-unit", ad_unit_id="au_1 "),
    event("capital-device", device_type="Desktop"),
    event("quoted", browser="'Chrome'"),
    event("nested-country", country_code=None, region=None, geo={"country": "us", "region": "NY"}),
    event("0b5b4b1e-8d1f-4b0e-9d3a-2f6f5f0c7a11"),
    event("nested-country-as-usual", country_code=None, region=None, geo={"country": "US", "region": "NY"}),
    event("with-decimals", campaign_id="20.0"),
]
# of some 640 events about 70 are French and on mobiles, about 570 American and on desktops: where they are mixed about
# 60 are to be expected, and less than a tenth of that is out of line
PAIRS = [
    *events("french", 60, "2026-01-05", country_code="FR", region="IDF", device_type="mobile", browser="Safari Mobile"),
    *events("mixed", 8, "2026-01-05", country_code="FR", device_type="mobile"),
    event("american-in-paris", region="IDF"),
    event("alaskan", region="AK"),
    event("phone-on-desk", browser="Safari Mobile"),
    *events("tablet", 3, "2026-01-05", device_type="tablet"),
]
REPEATED = [
    event("twice"),
    event("twice"),
    event("in-two-files"),
    *(
        event(f"twin-{n}", timestamp="2026-01-05T12:00:00.5Z", revenue_usd=price)
        for n, price in enumerate((0.5, 0.7, 0.5))
    ),
    event("twin-elsewhere", timestamp="2026-01-05T12:00:00.5Z", region="AK"),
    event("twin-later", timestamp="2026-01-05T12:00:00.500001Z"),
]
SOURCES = [
    event("lost-campaign", campaign_id=99),
    event("lost-publisher", publisher_id=9),
    event("lost-unit", ad_unit_id="au_9"),
    event("unit-of-another", ad_unit_id="au_2"),
    event("unit-before-it-moved", publisher_id=2, ad_unit_id="au_4", site_domain="two.example"),
    event("unit-after-it-moved", ad_unit_id="au_4"),
    event("spoofed", site_domain="two.example"),
    event("spoofed-by-its-end", site_domain="notone.example"),
    event("below", site_domain="news.one.example"),
    event("with-www", site_domain="WWW.one.example"),
    event("alias", site_domain="o-ne.co.uk"),
    event("below-an-alias", site_domain="m.one.co.uk"),
    event("alias-of-another", site_domain="www.one.test"),
    event("below-another", site_domain="m.one.test"),
    event("one-letter-more", site_domain="ones.example"),
    event("neighbour", publisher_id=4, ad_unit_id=None, site_domain="five.blogs.example"),
    event("homeless", site_domain=None),
    event("other-advertiser", advertiser_id=300),
    event("no-advertiser", advertiser_id=None),
    event("tablet-targeted", campaign_id=10, advertiser_id=100, device_type="tablet"),
    event("mobile-in-time", campaign_id=10, advertiser_id=100, device_type="mobile"),
    event("german", campaign_id=10, advertiser_id=100, country_code="DE", region="BE"),
    event("german-for-all", country_code="DE", region="BE"),
    event("active-unit", ad_unit_id="au_3"),
]
BEFORE = [
    event("moved"),
    event("moved-by-an-hour"),
    event("used-again"),
    event("respelled-later"),
    event("withdrawn"),
    event("never-settled", revenue_usd=None),
    event("spoiled"),
]
AFTER = [
    event("moved", "2026-01-06"),
    event("moved-by-an-hour", timestamp="2026-01-05T11:00:00Z"),
    event("used-again", campaign_id=30, advertiser_id=300),
    event("respelled-later", ad_unit_id="AU_1"),
    event("withdrawn", revenue_usd=None),
    event("never-settled", revenue_usd=None),
    event("spoiled", revenue_usd="?"),
    event("cheap-twice", revenue_usd=0.08),
    event("cheap-mended", revenue_usd=0.2),
    event("cheap-withdrawn", revenue_usd=None),
    event("comes-back"),
    event("late"),
    event("new-day", "2026-01-08"),
    event("rest-of-the-day", timestamp="2026-01-10T20:00:00Z"),
]

FIRST = DIMENSIONS | {
    "events/2026-01-04.jsonl": BROKEN,
    "events/2026-01-05.jsonl": lines(*SINGLE, *SPELLINGS, *PAIRS, *REPEATED, *SOURCES, *BEFORE),
    "events/2026-01-06.jsonl": lines(
        event("in-two-files"),
        event("last-moment", timestamp="2026-01-06T23:59:59.999999Z"),
        event("midnight", timestamp="2026-01-07T00:00:00Z"),
        event("in-another-zone", timestamp="2026-01-07T01:00:00+02:00"),
    ),
    "events/2026-01-10.jsonl": lines(
        event("as-it-arrived", timestamp="2026-01-10T06:00:00Z"),
        event("after-it-arrived", timestamp="2026-01-10T06:00:00.000001Z"),
    ),
}
SECOND = CHANGED_DIMENSIONS | {"events/corrections.jsonl": lines(*AFTER)}
# ten files of a delivery, 40 records in the middle: 19 are less than half of it, but no more than chance
THIRD = {
    "events/2026-02-01.jsonl": lines(*events("cut-off", 12, "2026-02-01", browser=None)),
    "events/2026-02-02.jsonl": lines(*events("doubled", 100, "2026-02-02")),
    "events/2026-02-03.jsonl": lines(*events("without-browser", 38, "2026-02-03", browser=None)),
    "events/2026-02-04.jsonl": lines(
        *events("regionless", 38, "2026-02-04", region=None), event("with-region", "2026-02-04")
    ),
    "events/2026-02-05.jsonl": lines(*events("scored-5", 40, "2026-02-05", placement_quality_score=0.5)),
    "events/2026-02-06.jsonl": lines(*events("scored-6", 40, "2026-02-06", placement_quality_score=0.5)),
    "events/2026-02-07.jsonl": lines(*events("scored-7", 41, "2026-02-07", placement_quality_score=0.5)),
    "events/2026-02-08.jsonl": lines(*events("scored-8", 42, "2026-02-08", placement_quality_score=0.5)),
    "events/2026-02-08.parquet": parquet(events("other-format", 40, "2026-02-08", region=None)),
    "events/2026-02-09.jsonl": lines(
        *events("quiet-day", 16, "2026-02-09"),
        *events("on-inactive-unit", 2, "2026-02-09", ad_unit_id="au_3"),
        event("mobile-too-late", "2026-02-09", campaign_id=10, advertiser_id=100, device_type="mobile"),
    ),
}
FOURTH = {
    "campaigns/untold.csv": csv_of(
        CAMPAIGNS, "50,Fifty,100,02/09/2026,12/31/2026,,,", "51,Fifty-one,100,03/09/2026,,,,"
    ),
    "campaigns/told.csv": csv_of(
        CAMPAIGNS, "52,Fifty-two,100,02/09/2026,05/05/2026,,,", "53,Fifty-three,100,02/13/2026,,,,"
    ),
    "campaigns/both.csv": csv_of(
        CAMPAIGNS, "54,Fifty-four,100,2/9/2026,,,,", "55,Fifty-five,100,02/13/2026,,,,", "56,,,13/02/2026,,,,"
    ),
    "events/2026-02-10-broken.jsonl": lines(
        *["--- interrupted ---"] * 5,
        *[event(None, "2026-02-10")] * 4,
        *events("undated", 2, "2026-02-10", timestamp="?"),
        *events("worded", 2, "2026-02-10", revenue_usd="?"),
        *events("sound", 11, "2026-02-10"),
    ),
    "events/2026-02-10-half.jsonl": lines(*["--- interrupted ---"] * 12, *events("half", 12, "2026-02-10")),
    "events/2026-02-10-unpaid.jsonl": lines(*events("unpaid", 20, "2026-02-10", revenue_usd=None)),
    "events/2026-02-10-paid-once.jsonl": lines(
        *events("partly-paid", 19, "2026-02-10", revenue_usd=None), event("paid", "2026-02-10")
    ),
}
DELIVERED = {"2026-01-10": FIRST, "2026-01-11": SECOND, "2026-02-10": THIRD, "2026-02-11": FOURTH}

# {2026-01-10} and the like stand for the id of the delivery of that day
EXPECTED: dict[str, set[str]] = {
    "missing_event_id": {
        "{2026-01-10}/events/2026-01-04.jsonl#1",
        "{2026-01-10}/events/2026-01-04.jsonl#2",
        *(f"{{2026-02-11}}/events/2026-02-10-broken.jsonl#{row}" for row in (6, 7, 8, 9)),
    },
    "unreadable_time": {"no-such-day", "no-time", "comes-back", "undated-0", "undated-1"},
    "unknown_type": {"video", "typeless"},
    "time_after_delivery": {"after-it-arrived"},
    "revenue_on_unfilled": {"unfilled-paid", "unfilled-campaign"},
    "filled_without_revenue": {"free"},
    "filled_without_floor": {"floorless"},
    "paid_under_floor": {"cheap", "cheap-twice", "cheap-mended", "cheap-withdrawn"},
    "unreadable_revenue": {"decimal-comma", "word", "spoiled", "worded-0", "worded-1"},
    "quality_score_out_of_range": {"score-above", "score-below"},
    "text_respelled": {
        "shouted-id",
        "padded-id",
        "shouted-type",
        "padded-unit",
        "capital-device",
        "quoted",
        "nested-country",
        "respelled-later",
    },
    "region_of_other_country": {"american-in-paris"},
    "browser_not_on_device": {"phone-on-desk"},
    "rejected_record": {
        "{2026-01-10}/events/2026-01-04.jsonl#3",
        "{2026-01-10}/events/2026-01-04.jsonl#5",
        *(f"{{2026-02-11}}/events/2026-02-10-broken.jsonl#{row}" for row in range(1, 6)),
        *(f"{{2026-02-11}}/events/2026-02-10-half.jsonl#{row}" for row in range(1, 13)),
    },
    "blank_lines": {"{2026-01-10}/events/2026-01-04.jsonl"},
    "unmapped_columns": {
        "{2026-01-10}/events/2026-01-05.jsonl/größe",
        "{2026-01-10}/events/2026-01-05.jsonl/sdk_version",
    },
    "duplicate_in_file": {"twice", "padded-id"},
    "outside_file_date": {"midnight", "in-two-files"},
    "file_size_out_of_line": {
        "{2026-02-10}/events/2026-02-01.jsonl",
        "{2026-02-10}/events/2026-02-02.jsonl",
    },
    "empty_column": {"placement_quality_score", "{2026-02-10}/events/2026-02-03.jsonl/browser"},
    "file_unusable": {
        "{2026-02-11}/events/2026-02-10-broken.jsonl",
        "{2026-02-11}/events/2026-02-10-unpaid.jsonl",
    },
    "dimension_key_repeated": {"campaigns/30"},
    "unreadable_value": {"campaigns/40/start_date", "campaigns/40/budget_usd", "campaigns/55/start_date"},
    "undecided_dates": {"{2026-02-11}/campaigns/untold.csv", "{2026-02-11}/campaigns/both.csv"},
    "event_in_two_files": {"in-two-files"},
    "event_moved_day": {"moved"},
    "identity_changed": {"used-again"},
    "revenue_set_to_null": {"withdrawn", "cheap-withdrawn"},
    "late_events": {"{2026-01-11}|2026-01-05"},
    "dimension_changed": {
        "publishers/1/{2026-01-11}",
        "campaigns/10/{2026-01-11}",
        "campaigns/40/{2026-01-11}",
        "ad_units/au_3/{2026-01-11}",
        "ad_units/au_4/{2026-01-11}",
    },
    "near_duplicate": {"twin-0"},
    "unknown_campaign": {"lost-campaign"},
    "unknown_publisher": {"lost-publisher"},
    "unknown_ad_unit": {"lost-unit"},
    "ad_unit_of_other_publisher": {"unit-of-another"},
    "foreign_domain": {
        *("spoofed", "spoofed-by-its-end", "alias-of-another", "below-another", "one-letter-more", "neighbour"),
    },
    "unlisted_own_domain": {"1|news.one.example", "1|o-ne.co.uk", "1|m.one.co.uk"},
    "advertiser_not_of_campaign": {"other-advertiser"},
    "device_outside_targeting": {"tablet-targeted", "mobile-too-late"},
    "country_outside_targeting": {"german"},
    "inactive_ad_unit": {"au_3|2026-02-09"},
}

# of a rule and a key: observed, expected, records, impact
DETAILS: dict[tuple[str, str], tuple[str | None, str | None, int, str | None]] = {
    ("undecided_dates", "{2026-02-11}/campaigns/both.csv"): (
        "2/9/2026",
        "dates that tell which number is the day",
        1,
        None,
    ),
    ("revenue_on_unfilled", "unfilled-paid"): ("0.2", "no revenue and no campaign", 1, "0.2"),
    ("paid_under_floor", "cheap"): ("0.09", "0.1 or more", 1, "0.01"),
    ("unreadable_revenue", "decimal-comma"): ("0,5", "a number", 1, None),
    ("text_respelled", "shouted-id"): ("event_id", "one spelling of each value", 1, None),
    ("duplicate_in_file", "padded-id"): ("2 records", "1 record", 2, None),
    ("outside_file_date", "midnight"): ("2026-01-07", "2026-01-06", 1, None),
    ("blank_lines", "{2026-01-10}/events/2026-01-04.jsonl"): ("2 blank", "none", 2, None),
    ("file_size_out_of_line", "{2026-02-10}/events/2026-02-01.jsonl"): ("12 records", "about 40", 12, None),
    ("file_unusable", "{2026-02-11}/events/2026-02-10-broken.jsonl"): ("13 of 24 unusable", "at most half", 13, None),
    ("file_unusable", "{2026-02-11}/events/2026-02-10-unpaid.jsonl"): ("20 of 20 unusable", "at most half", 20, None),
    ("event_moved_day", "moved"): ("2026-01-06", "2026-01-05", 1, "0.5"),
    ("identity_changed", "used-again"): (
        "campaign_id=30, advertiser_id=300",
        "campaign_id=20, advertiser_id=200",
        1,
        "0.5",
    ),
    ("revenue_set_to_null", "withdrawn"): (None, "0.5", 1, "0.5"),
    ("late_events", "{2026-01-11}|2026-01-05"): ("2 events", "none once the day was published", 2, "1.0"),
    ("dimension_changed", "campaigns/40/{2026-01-11}"): (
        "start_date=2026-01-02, budget_usd=500",
        "start_date=none, budget_usd=none",
        1,
        None,
    ),
    ("dimension_changed", "ad_units/au_3/{2026-01-11}"): ("is_active=false", "is_active=true", 1, None),
    ("near_duplicate", "twin-0"): ("3 events alike", "1 event", 3, "1.0"),
    ("ad_unit_of_other_publisher", "unit-of-another"): ("publisher 1", "publisher 2", 1, "0.5"),
    ("foreign_domain", "spoofed"): ("two.example", "one.example", 1, "0.5"),
    ("unlisted_own_domain", "1|news.one.example"): ("news.one.example", "one.example", 1, "0.5"),
    ("device_outside_targeting", "mobile-too-late"): ("mobile", "desktop", 1, "0.5"),
    ("inactive_ad_unit", "au_3|2026-02-09"): ("2 events", "none while the unit is inactive", 2, "1.0"),
}


@pytest.fixture(scope="module")
def house(shared_house: Warehouse) -> Warehouse:
    return replace(shared_house, source="all")


@pytest.fixture(scope="module")
def deliveries(house: Warehouse) -> Mapping[str, str]:
    """The id of each delivery, once both engines are built."""
    ids = {day: land(house, day, files) for day, files in DELIVERED.items()}
    house.build(*NO_TESTS, *findings_of("ad_serving"))
    return ids


def land(house: Warehouse, day: str, files: Mapping[str, str | bytes]) -> str:
    drop = house.new_drop()
    for name, content in files.items():
        path = drop / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    landing = replace(house, source="ad_serving")
    has_a_loss = int("campaigns/untold.csv" in files)  # it lands, and the command ends with 1
    landed = json.loads(landing.land(drop, "--delivered-at", f"{day}T06:00:00Z", "--json", code=has_a_loss).stdout)
    [delivery] = landed["deliveries"]
    return delivery["delivery_id"]


def with_ids(key: str, deliveries: Mapping[str, str]) -> str:
    for day, delivery in deliveries.items():
        key = key.replace(f"{{{day}}}", delivery)
    return key


@pytest.fixture(scope="module")
def found(house: Warehouse, deliveries: Mapping[str, str]) -> Iterator[dict[str, set[str]]]:
    findings: dict[str, set[str]] = {}
    for rule, key in house.rows("select rule_id, finding_key from quality.fct_dq_findings where source = 'ad_serving'"):
        findings.setdefault(rule.removeprefix("ad_serving__"), set()).add(key)
    yield findings


@pytest.mark.parametrize("rule", EXPECTED)
def test_a_rule_finds_its_cases_and_nothing_alike(
    rule: str, found: dict[str, set[str]], deliveries: Mapping[str, str]
) -> None:
    assert found.get(rule, set()) == {with_ids(key, deliveries) for key in EXPECTED[rule]}


@pytest.mark.parametrize("target", ["dev", "prod"])
def test_rules_make_the_columns_with_which_their_table_is_created(
    house: Warehouse, deliveries: Mapping[str, str], target: str
) -> None:
    """ClickHouse is told them, and not asked."""
    tables = [f"dq_ad_serving_{group}" for group in ("records", "events", "levels")]
    compiled = invoke_dbt("compile", "--full-refresh", "--select", *tables, target=target, env=house.env).result.results
    models = {result.node.name: result.node for result in compiled}
    for model in map(models.__getitem__, tables):
        if target == "dev":
            found = [(name, kind.lower()) for name, kind, *_ in house.rows(f"describe {model.compiled_code}")]
        else:
            query, settings = f"describe table ({model.compiled_code})", model.config["query_settings"]
            with environment(house.env), connect() as client:
                found = [(name, kind) for name, kind, *_ in client.query(query, settings=settings).result_rows]
        assert found == list(model.config.meta["makes"].items()), model.name


def test_findings_are_the_same_on_both_engines(house: Warehouse, deliveries: Mapping[str, str]) -> None:
    [result] = house.parity("--select", "fct_dq_findings")
    assert result["equal"], result


@pytest.mark.parametrize(("rule", "key"), DETAILS)
def test_a_finding_says_what_is_there_and_what_it_costs(
    rule: str, key: str, house: Warehouse, deliveries: Mapping[str, str]
) -> None:
    observed, expected, records, impact = DETAILS[rule, key]
    [finding] = house.rows(
        "select observed, expected, record_count, impact_amount from quality.fct_dq_findings "
        f"where rule_id = 'ad_serving__{rule}' and finding_key = '{with_ids(key, deliveries)}'"
    )
    assert finding == (observed, expected, records, None if impact is None else Decimal(impact))


@pytest.mark.parametrize(
    ("key", "records", "first", "last", "is_open"),
    [
        ("cheap", 1, "2026-01-10", "2026-01-10", True),
        ("cheap-twice", 2, "2026-01-10", "2026-01-11", True),
        ("cheap-mended", 1, "2026-01-10", "2026-01-10", False),
        ("cheap-withdrawn", 1, "2026-01-10", "2026-01-10", True),  # the fact keeps the amount
    ],
)
def test_a_finding_about_an_event_closes_once_it_is_mended(
    key: str, records: int, first: str, last: str, is_open: bool, house: Warehouse, deliveries: Mapping[str, str]
) -> None:
    [finding] = house.rows(
        "select record_count, first_delivery_id, last_delivery_id, is_open from quality.fct_dq_findings "
        f"where rule_id = 'ad_serving__paid_under_floor' and finding_key = '{key}'"
    )
    assert finding == (records, deliveries[first], deliveries[last], is_open)


def test_a_record_that_comes_back_with_a_time_closes_its_finding(
    house: Warehouse, deliveries: Mapping[str, str]
) -> None:
    assert dict(
        house.rows(
            "select finding_key, is_open from quality.fct_dq_findings "
            "where rule_id = 'ad_serving__unreadable_time' and finding_key in ('comes-back', 'no-time')"
        )
    ) == {"comes-back": False, "no-time": True}


def test_evidence_of_near_duplicates_names_all_of_them(house: Warehouse, deliveries: Mapping[str, str]) -> None:
    [(evidence,)] = house.rows(
        "select evidence from quality.fct_dq_findings where rule_id = 'ad_serving__near_duplicate'"
    )
    assert json.loads(evidence) == {"event_ids": "twin-0,twin-1,twin-2"}


def test_evidence_of_a_pair_says_how_often_it_was_to_be_expected(
    house: Warehouse, deliveries: Mapping[str, str]
) -> None:
    counts = dict(house.rows("select region, count(*) from marts.fct_ad_events where region is not null group by 1"))
    placed = "from marts.fct_ad_events where country_code is not null and region is not null"
    [(american, everyone)] = house.rows(f"select count(*) filter (where country_code = 'US'), count(*) {placed}")
    [(evidence,)] = house.rows(
        "select evidence from quality.fct_dq_findings where rule_id = 'ad_serving__region_of_other_country'"
    )
    pair = json.loads(evidence)
    assert (pair["pair_count"], pair["row_count"], pair["column_count"]) == (1, american, counts["IDF"])
    assert pair["expected_count"] == pytest.approx(american * counts["IDF"] / everyone, abs=1e-6)
