"""The dashboard shows the figures of what is published, on both engines, and in a real browser it can be read, reached
with the keyboard, linked to and downloaded from."""

import csv
import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from dashboard import charts, opened
from dashboard.parts import KEY_WIDTH, column, csv_of
from dashboard.roles import PAGES
from duckhouse.dbt_plugin.blocks import Finding
from duckhouse.reporting.formats import change, dollars
from duckhouse.settings import PROJECT
from duckhouse.warehouse.blocked import Blocked
from duckhouse.warehouse.connection import connect
from support.dashboard import TARGETS, assert_deliveries_are_shown, run, shown, tables_of, tiles_of
from support.dashboard_server import faults, screens, serving_house, settled, texts, tiles, visited
from support.dbt import environment
from support.drops import NO_TESTS
from support.warehouse import Warehouse

HOSTILE = '<script>window.hacked = true</script><img src=x onerror="window.hacked = true"> **& "Sons"** $1 [x](y)'
HOSTILE_TEXTS = (
    HOSTILE,
    '"><svg onload=window.hacked=1>',
    "</script><script>window.hacked=1</script>",
    '<a href="javascript:window.hacked=1">x</a>',
    "[x](javascript:window.hacked=1) ![x](http://evil.example/p.png)",
    '<iframe src="http://evil.example"></iframe>',
    " http://evil.example/login www.evil.example me@evil.example",
    "\n\n# heading\n\n    code :red[x] $x^2$ {{7*7}}",
    "\u202egnp.exe \x1b[31m",
)
OF_SENDERS = "(name|title|evidence|domain|browser|reason)$|^(why|fix|owner|action)$"
MADE_OF_TEXT = """
base => [...document.querySelectorAll("[data-testid=stMain] :is(a, img, iframe, script)")]
  .map(one => one.href ?? one.src).filter(address => !address.startsWith(base))
"""
"""The addresses of what a page holds that is none of its own."""
REACH = """
async base => {
  const loaded = tag => new Promise(done => {
    const one = document.createElement(tag);
    one.onload = one.onerror = done;
    one.src = `${base}/favicon.png?${tag}`;
    document.body.append(one);
  });
  const asked = method => fetch(`${base}/_stcore/host-config`, {method, mode: "no-cors", credentials: "include"});
  await Promise.all([asked("GET"), asked("POST"), loaded("img"), loaded("script"), loaded("iframe")]);
  return await new Promise(done => {
    const socket = new WebSocket(`${base.replace("http", "ws")}/_stcore/stream`, ["streamlit"]);
    socket.onopen = () => { socket.close(); done(true); };
    socket.onerror = () => done(false);
  });
}
"""
"""What a page can ask of the dashboard, in six ways; whether it gets its stream."""
SAME_NAME = "Twice"
QUOTED = HOSTILE.replace("'", "''")
PERIOD = """
from datetime import date
import streamlit
from dashboard.filters import period
streamlit.text(period(date({first}), date(2026, 3, 24)).compared)
"""
APP = str(PROJECT / "dashboard" / "app.py")
WIDTHS = (1280, 390)
EVENTS_OF_DAY = 1400  # more than a table shows
OTHERS = ("rpt_ad_delivery_open_errors", "rpt_reviews_open_errors", "rpt_telemetry_open_errors")
BUILT = ("--select", "source:ad_serving+", "source:consent+", "resource_type:seed", "--exclude", *OTHERS)
"""Both systems with their rules; pages about the others say that nothing of these is published."""
LAST_WEEK = "event_date > (select max(event_date) from reporting.rpt_ad_serving_days where is_full_day) - 7"
UP_TO_FULL = "event_date <= (select max(event_date) from reporting.rpt_ad_serving_days where is_full_day)"


@pytest.fixture(scope="module")
def house(shared_house: Warehouse) -> Warehouse:
    """Two deliveries of ad serving, the second of which changes published days, and one of consent, on both engines."""
    house, folder = replace(shared_house, source="all"), shared_house.folder
    seed = ("--seed", "9")
    size = ("--days", "4", "--events-per-day", str(EVENTS_OF_DAY))
    house.run("tools.generate", "ad_serving", *size, *seed, "--out", folder / "ad")
    few = ("--companies", "6", "--active", "3", "--events-per-company", "200")
    house.run("tools.generate", "consent", *few, *seed, "--out", folder / "consent")
    for publishers in (folder / "ad").rglob("publishers.csv"):
        rename(publishers, HOSTILE, SAME_NAME, SAME_NAME)
    redelivery = folder / "ad" / "redelivery"
    redelivery.rename(folder / "again")
    house.run("land", "ad_serving", folder / "ad", "--delivered-at", "2026-03-25T06:00:00Z")
    house.run("land", "ad_serving", folder / "again", "--delivered-at", "2026-03-26T06:00:00Z")
    house.run("land", "consent", folder / "consent", "--delivered-at", "2025-09-09T06:00:00Z")
    house.build(*NO_TESTS, *BUILT)
    house.run("publish", "--target", "dev")
    return house


def rename(publishers: Path, *names: str) -> None:
    """Gives the first publishers of a file other names."""
    with publishers.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row, name in zip(sorted(rows, key=lambda row: row["publisher_id"]), names, strict=False):
        row["publisher_name"] = name
    with publishers.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(scope="module")
def base(house: Warehouse) -> Iterator[str]:
    with serving_house(house) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with screens() as found:
        yield found


def one(house: Warehouse, query: str) -> Any:
    [(value,)] = house.rows(query)
    return value


def gross(house: Warehouse, condition: str = "true") -> str:
    """The gross revenue of the last full week, as it is shown."""
    where = f"{LAST_WEEK} and {UP_TO_FULL} and {condition}"
    return dollars(one(house, f"select sum(revenue_usd) from reporting.rpt_ad_serving_publisher_days where {where}"))


# ---------- without a browser, on both engines


@pytest.mark.parametrize("target", TARGETS)
def test_tiles_of_revenue_are_the_sums_of_the_week(house: Warehouse, target: str) -> None:
    found = tiles_of(shown(house, target, "revenue"))
    where = f"{LAST_WEEK} and {UP_TO_FULL}"
    restated, billable, not_settled = (
        one(house, f"select sum({column}) from reporting.{view} where {where}")
        for column, view in (
            ("revenue_usd_restated", "rpt_ad_serving_days"),
            ("revenue_usd_billable", "rpt_ad_serving_billable_days"),
            ("revenue_usd - revenue_usd_as_delivered", "rpt_ad_serving_days"),
        )
    )
    assert restated != 0
    assert {label: figure for label, (figure, _) in found.items()} == {
        "Gross revenue": gross(house),
        "Net revenue": dollars(
            one(
                house,
                f"select sum(revenue_usd - revenue_usd_invalid_records) from marts.fct_ad_events_daily where {where}",
            )
        ),
        "Payable to publishers": dollars(billable),
        "Restated revenue": change(restated),
        "Not settled": dollars(not_settled),
    }
    first = one(house, f"select sum(revenue_usd_first_published) from reporting.rpt_ad_serving_days where {where}")
    assert found["Restated revenue"][1] == f"{restated / first:.4%} of what was first reported"


@pytest.mark.parametrize("target", TARGETS)
def test_a_changed_day_leads_to_the_events_that_came_late(house: Warehouse, target: str) -> None:
    day, late = house.rows(
        "select event_date, sum(events_late) from reporting.rpt_ad_serving_restatements "
        "where publication = 'restatement' group by 1 having sum(events_late) > 0 order by 1 limit 1"
    )[0]
    page = shown(house, target, "revenue", {"changed": str(day), "events": "Late"})
    events = page.dataframe[-1].value
    assert len(events) == late
    expected = one(
        house,
        f"select sum(revenue_usd) from marts.fct_ad_events where event_date = '{day}' "
        "and first_delivery_id = _delivery_id and _delivery_id > '20260326'",
    )
    assert sum(events["revenue_usd_after"], Decimal(0)) == expected
    assert events["revenue_usd_before"].isna().all()
    by_cause = tables_of(page)["Dollars by cause"]
    assert {row["cause"]: row["events"] for row in by_cause}["late"] == late
    day_changed = one(
        house, f"select revenue_usd_restated from reporting.rpt_ad_serving_days where event_date = '{day}'"
    )
    assert sum(row["revenue_usd_difference"] for row in by_cause) == day_changed


@pytest.mark.parametrize("target", TARGETS)
def test_every_tile_of_a_publisher_is_of_the_same_days(house: Warehouse, target: str) -> None:
    """Of a publisher whose own days are not those of UTC, on all days, as the invoices are."""
    publisher, name = house.rows(
        "select publisher_id, max(publisher_name) from reporting.rpt_ad_serving_publisher_days "
        f"where event_date <> reporting_date and {UP_TO_FULL} and publisher_name not in ('{SAME_NAME}', '{QUOTED}') "
        "group by 1 order by sum(revenue_usd) desc limit 1"
    )[0]
    of_all = ", ".join(
        f"sum(revenue_usd_{name})" for name in ("gross", "gross - revenue_usd_invalid_records", "billable")
    )
    where = f"publisher_id = '{publisher}' and {UP_TO_FULL}"
    [expected] = house.rows(f"select {of_all} from quality.fct_ad_gross_to_billable_daily where {where}")
    page = shown(house, target, "revenue", {"publisher": name, "period": "All days"})
    found = tiles_of(page)
    labels = ("Gross revenue", "Net revenue", "Payable to publishers")
    assert [found[label][0] for label in labels] == [dollars(amount) for amount in expected]
    [bridge] = tables_of(page)["From gross to payable"]
    assert (bridge["revenue_usd_gross"], bridge["revenue_usd_billable"]) == (expected[0], expected[2])
    months = tables_of(page)["From gross to payable, by UTC month"]
    assert sum(row["revenue_usd_billable"] for row in months) == expected[2]


def test_a_link_to_a_publisher_that_is_gone_says_so(house: Warehouse) -> None:
    for path in ("revenue", "traffic"):
        page = shown(house, "dev", path, {"publisher": HOSTILE[::-1]})
        assert "The publisher of the link was not found, so this is about all:" in [one.value for one in page.warning]
        assert HOSTILE[::-1] in [text.value for text in page.text]


@pytest.mark.parametrize(
    ("first", "chosen", "told"),
    [
        ("2026, 1, 1", "2026-02", "2026-02-01 to 2026-02-28, beside 2026-01-01 to 2026-01-31"),
        ("2026, 1, 2", "2026-02", "2026-02-01 to 2026-02-28; no period before it is known as a whole"),
        ("2026, 1, 2", "2026-01", "2026-01-01 to 2026-01-31 (30 of 31 days); no period before it is known as a whole"),
        ("2026, 1, 1", "", "2026-03-01 to 2026-03-24 (24 of 31 days); no period before it is known as a whole"),
        ("2026, 3, 23", "", "2026-03-01 to 2026-03-24 (2 of 31 days); no period before it is known as a whole"),
    ],
)
def test_a_month_is_compared_where_both_are_known_as_a_whole(first: str, chosen: str, told: str) -> None:
    page = AppTest.from_string(PERIOD.format(first=first))
    page.query_params["period"] = "Month"
    if chosen:
        page.query_params["month"] = chosen
    assert [text.value for text in run(page).text] == [told]


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        ({"first": "2026-03-10", "day": "2026-03-12"}, "2026-03-10 to 2026-03-12, beside 2026-03-07 to 2026-03-09"),
        ({"first": "2026-03-12", "day": "2026-03-10"}, "2026-03-10 to 2026-03-12, beside 2026-03-07 to 2026-03-09"),
        ({"first": "2026-03-12", "day": "2026-03-12"}, "2026-03-12, beside 2026-03-11"),
        ({"first": "2026-03-09"}, "2026-03-09 to 2026-03-24; no period before it is known as a whole"),
        ({"first": "2025-03-09"}, "2026-03-18 to 2026-03-24, beside 2026-03-11 to 2026-03-17"),
    ],
)
def test_a_range_is_compared_with_as_many_days_before(chosen: dict[str, str], told: str) -> None:
    page = AppTest.from_string(PERIOD.format(first="2026, 3, 1"))
    for name, value in {"period": "Range", **chosen}.items():
        page.query_params[name] = value
    assert [text.value for text in run(page).text] == [told]


@pytest.mark.parametrize("target", TARGETS)
def test_publishers_of_one_name_are_told_apart(house: Warehouse, target: str) -> None:
    ids = house.rows(f"select publisher_id from marts.dim_publishers where publisher_name = '{SAME_NAME}'")
    assert len(ids) == 2
    for (publisher,) in ids:
        page = shown(house, target, "revenue", {"publisher": f"{SAME_NAME} ({publisher})"})
        assert tiles_of(page)["Gross revenue"][0] == gross(house, f"publisher_id = '{publisher}'")


@pytest.mark.parametrize("target", TARGETS)
def test_a_finding_leads_to_its_event(house: Warehouse, target: str) -> None:
    rule, title, key, publisher = house.rows(
        "select rule_id, title, finding_key, json_extract_string(evidence, 'publisher_id') as publisher_id "
        "from reporting.rpt_quality_findings "
        "where event_mart = 'fct_ad_events' and is_about_event and is_open and publisher_id is not null "
        "order by abs(impact_amount) desc nulls last, rule_id, finding_key limit 1"
    )[0]
    page = shown(house, target, "data-quality", {"rule": f"{title} · {rule}", "finding": key})
    event = page.dataframe[-1].value
    assert dict(zip(event["Column"], event["Value"], strict=True))["event_id"] == key
    name = one(house, f"select publisher_name from marts.dim_publishers where publisher_id = '{publisher}'")
    assert f"publisher {publisher} is {name}" in [text.value for text in page.text]


@pytest.mark.parametrize("target", TARGETS)
def test_a_finding_about_a_day_leads_to_its_events(house: Warehouse, target: str) -> None:
    rule, title, key, day, delivery = house.rows(
        "select rule_id, title, finding_key, event_date, last_delivery_id from reporting.rpt_quality_findings "
        "where rule_id = 'ad_serving__late_events' and place = 1 and is_open"
    )[0]
    page = shown(house, target, "data-quality", {"rule": f"{title} · {rule}", "finding": key})
    [table] = [table for title, table in tables_of(page).items() if title == "Events of the finding"]
    late = one(
        house,
        f"select count(*) from marts.fct_ad_events where event_date = '{day}' and _delivery_id = '{delivery}'",
    )
    assert 0 < len(table) == min(late, 500)
    assert {row["event_date"] for row in table} == {day}


def test_a_rejected_record_leads_to_its_text(house: Warehouse) -> None:
    rule, title, key = house.rows(
        "select rule_id, title, finding_key from reporting.rpt_quality_findings "
        "where rule_id = 'ad_serving__rejected_record' and place = 1"
    )[0]
    asked = {"rule": f"{title} · {rule}", "finding": key}
    query, there = (shown(house, target, "data-quality", asked).code[0].value for target in TARGETS)
    delivery, _, place = key.partition("/")
    file, _, row = place.partition("#")
    where = f"_delivery_id = '{delivery}' and _source_file = '{file}' and _source_row = {row}"
    [found] = house.rows(query)
    assert [found] == house.rows(f"select * from staging.stg_ad_serving__rejected where {where}")
    with environment(house.env), connect() as client:
        assert len(client.query(there).result_rows) == 1


@pytest.mark.parametrize("target", TARGETS)
def test_each_delivery_has_its_files_and_reasons(house: Warehouse, target: str) -> None:
    assert_deliveries_are_shown(house, target)


def test_the_delivery_of_another_system_leaves_the_address(house: Warehouse) -> None:
    page = shown(house, "dev", "deliveries", {"delivery": "Ad serving, 2026-03-26 06:00"})
    page.selectbox[0].select("consent")
    with environment(house.env):
        run(page)
    assert "delivery" not in page.query_params
    deliveries = one(house, "select count(*) from reporting.rpt_quality_deliveries where source = 'consent'")
    assert tiles_of(page)["Deliveries"][0] == str(deliveries)


@pytest.mark.parametrize("target", TARGETS)
def test_every_record_of_a_delivery_is_accounted_for(house: Warehouse, target: str) -> None:
    page = shown(house, target, "deliveries", {"delivery": "Ad serving, 2026-03-26 06:00"})
    read, current = house.rows(
        "select sum(records_read), sum(records_current) from quality.fct_ad_event_records "
        "where _delivery_id > '20260326'"
    )[0]
    found = tiles_of(page)
    assert found["Event records"] == (f"{read:,}", "adds up")
    assert found["Current"][0] == f"{current:,}"


@pytest.mark.parametrize("target", TARGETS)
def test_the_overview_says_what_the_last_delivery_changed(house: Warehouse, target: str) -> None:
    page = shown(house, target, "")
    days = one(
        house,
        "select count(distinct event_date) from marts.fct_revenue_restatements where _delivery_id > '20260326'",
    )
    told = " ".join(text.value for text in page.markdown).replace("\\", "")
    assert f"Restated: {days} days" in told
    first = one(house, "select title from reporting.rpt_quality_actions where rank = 1")
    assert first in page.get("page_link")[0].proto.label.replace("\\", "")


def test_a_choice_without_rows_says_so(house: Warehouse) -> None:
    rule = "select title || ' · ' || rule_id from reporting.rpt_quality_rules where open_findings = 0 limit 1"
    page = shown(house, "dev", "data-quality", {"rule": one(house, rule)})
    assert [note.value for note in page.info] == ["Open findings: there are none."]


@pytest.fixture
def app() -> Iterator[AppTest]:
    yield AppTest.from_file(APP, default_timeout=60)
    st.cache_resource.clear()  # it keeps the copy open, and other tests write one of the same name


def test_where_nothing_is_published_the_page_says_what_to_do(app: AppTest, tmp_path: Path) -> None:
    with environment({"DUCKHOUSE_DUCKDB": str(tmp_path / "none.duckdb")}):
        page = run(app)
    assert [error.value for error in page.error] == ["This page cannot be shown."]
    assert "nothing is published there; dbt build --target dev publishes what passes" in page.text[0].value


def test_the_connection_to_clickhouse_is_kept_for_as_long_as_it_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []

    def connect() -> Any:
        made.append(SimpleNamespace(ping=lambda: len(made) > 1))  # the first does not answer any more
        return made[-1]

    opened.connected.clear()
    monkeypatch.setattr(opened, "connect", connect)
    monkeypatch.setattr(opened, "reading", lambda _, client: nullcontext(client))
    for _ in range(2):
        with opened.house_of("prod") as shown_by:
            assert shown_by is made[1]
    assert len(made) == 2
    opened.connected.clear()


def test_a_download_holds_no_formula() -> None:
    begun = "=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "\t=1", "\r=1", "\uff1d1+1"
    kept = "-", "-12.50", "+3", "a=b", "a;=b", ""
    found = pa.table({"text": [*begun, *kept, None], "usd": [Decimal("-0.000001")] * 14})
    rows = [*(f"'{text}" for text in begun), *kept, ""]
    assert list(csv.reader(io.StringIO(csv_of(found).decode(), newline=""))) == [
        ["text", "usd"],
        *([text, "-0.000001"] for text in rows),
    ]
    assert b'"a;=b"' in csv_of(found)  # where a semicolon separates columns, it stays one


def test_a_banner_says_what_blocks_a_build(house: Warehouse, app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    take_back, line = "python -m scripts.land shop --retract d1", "shop__rule,d1/day.jsonl#3,REASON,NAME,YYYY-MM-DD"
    finding = Finding(
        *("shop__rule", HOSTILE, "drop/day.jsonl, record 3", "2 of 3 without an id", "Ask the sender.", 2),
        *(take_back, line),
    )
    monkeypatch.setattr("dashboard.banner.blocked", lambda target: Blocked(datetime(2026, 3, 27, 6), [finding]))
    with environment(house.env):
        page = run(app)
    [warning] = page.warning
    assert warning.value.replace("\\", "").startswith("Blocked since 2026-03-27 06:00 UTC by 1 finding")
    assert "drop/day.jsonl, record 3: 2 of 3 without an id" in [text.value for text in page.text]
    assert HOSTILE in next(one.value for one in page.markdown if "shop" in one.value).replace("\\", "")
    assert [code.value for code in page.code] == [take_back, line]


def test_small_amounts_have_six_decimals_counts_whole_ticks_and_keys_a_width() -> None:
    small, whole = (pa.chunked_array([[Decimal(text)]]) for text in ("-0.004000", "12.000000"))
    steps = [column("impact_amount", "Money", values)["type_config"].get("step") for values in (small, whole)]
    assert steps == [0.000001, None]
    keys = (pa.chunked_array([[text]]) for text in ("00d63cbd-e8e9-43de-b4a2-3fc2e28de1dc", "103"))
    widths = [column("event_id", "Event", values) for values in keys]
    assert (widths[0]["width"], widths[1]) == (KEY_WIDTH, "Event")
    day = SimpleNamespace(day=date(2026, 3, 1), found=1, paid=Decimal(1))
    drawn = (charts.lines([day], "day", {name: name}, unit) for name, unit in (("found", "count"), ("paid", "usd")))
    axes = [chart.to_dict()["layer"][0]["encoding"]["y"]["axis"] for chart in drawn]
    assert [axis.get("tickMinStep") for axis in axes] == [1, None]


def test_a_part_with_room_for_it_has_its_number() -> None:
    drawn = charts.shares([("one", "errors", 746), ("one", "warnings", 5)], ["errors", "warnings"], ["red", "grey"])
    layers = drawn.to_dict()["layer"]
    assert layers[0]["encoding"]["color"]["scale"] == {"domain": ["errors", "warnings"], "range": ["red", "grey"]}
    assert [part["label"] for part in drawn.to_dict()["data"]["values"]] == ["746", ""]


# ---------- in a browser


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_whole_and_readable(browser: Any, base: str, path: str) -> None:
    for width in WIDTHS:
        with visited(browser, base, path, width) as (page, said):
            assert page.locator("h1").inner_text() == PAGES[path].TITLE
            assert faults(page, said) == [], width


def test_a_filter_is_set_by_keyboard_and_survives_in_the_address(house: Warehouse, browser: Any, base: str) -> None:
    publisher, name = house.rows(
        "select publisher_id, max(publisher_name) from reporting.rpt_ad_serving_publisher_days "
        f"where publisher_name not in ('{SAME_NAME}', '{QUOTED}') "
        "group by 1 order by sum(revenue_usd) desc limit 1"
    )[0]
    with visited(browser, base, "revenue") as (page, _):
        for _ in range(60):
            page.keyboard.press("Tab")
            if "Publisher" in (page.evaluate("document.activeElement.getAttribute('aria-label')") or ""):
                break
        page.keyboard.type(name)
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url: "publisher=" in url)
        expected = gross(house, f"publisher_id = '{publisher}'")
        page.get_by_text(expected, exact=True).first.wait_for()
        page.reload()
        settled(page)
        assert tiles(page)["Gross revenue"] == expected != gross(house)


def test_names_of_senders_stay_text(browser: Any, base: str) -> None:
    with visited(browser, base, "revenue", publisher=HOSTILE) as (page, said):
        assert page.get_by_label("Publisher").first.input_value() == HOSTILE
        assert page.evaluate("window.hacked") is None
        assert said == []


def test_whatever_a_text_says_it_stays_text_on_every_page(house: Warehouse, browser: Any, base: str) -> None:
    with other_copy(house) as copy:
        with duckdb.connect(str(copy)) as connection:
            assert sum(spoil(connection, *column) for column in columns_of_senders(connection)) > 1000
        copy.replace(house.published_copy)
        for path in PAGES:
            with visited(browser, base, path) as (page, said):
                assert (said, page.evaluate("window.hacked")) == ([], None), path
                assert page.evaluate(MADE_OF_TEXT, base) == [], path


def columns_of_senders(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, ...]]:
    """The published columns of free text, but for those of views: schema, table, name."""
    return connection.execute(
        "select schema_name, table_name, column_name from duckdb_columns() join duckdb_tables() "
        "using (schema_name, table_name) where data_type = 'VARCHAR' "
        f"and schema_name in ('reporting', 'marts') and regexp_matches(column_name, '{OF_SENDERS}')"
    ).fetchall()


def spoil(connection: duckdb.DuckDBPyConnection, schema: str, table: str, name: str) -> int:
    """Appends one of HOSTILE_TEXTS to each text of a column; gives the number of texts."""
    texts = ", ".join("'" + text.replace("'", "''") + "'" for text in HOSTILE_TEXTS)
    drawn = f"list_value({texts})[1 + (hash({name}) % {len(HOSTILE_TEXTS)})::int]"
    [(count,)] = connection.execute(f"update {schema}.{table} set {name} = {name} || {drawn}").fetchall()
    return int(count)


@contextmanager
def other_copy(house: Warehouse) -> Iterator[Path]:
    """A copy of the published copy, which may take its place during the block."""
    kept, other = house.folder / "kept.duckdb", house.folder / "new.duckdb"
    for copy in (kept, other):
        shutil.copy(house.published_copy, copy)
    other.chmod(0o600)
    try:
        yield other
    finally:
        kept.replace(house.published_copy)


def test_the_page_of_another_reaches_nothing_in_a_browser_that_knows_the_password(browser: Any, base: str) -> None:
    with other_page() as other, visited(browser, base) as (page, _):
        assert reached(page, base) == (True, [200, 200, 200, 200, 405])
        page.goto(other)
        assert reached(page, base) == (False, [403] * 5)


def reached(page: Any, base: str) -> tuple[bool, list[int]]:
    """Whether the page on screen gets the stream of the dashboard, and how the dashboard answers all else it asks."""
    answers: list[int] = []

    def note(answer: Any) -> None:
        if answer.url.startswith(base):
            answers.append(answer.status)

    page.on("response", note)
    stream = page.evaluate(REACH, base)
    page.remove_listener("response", note)
    return stream, sorted(answers)


@contextmanager
def other_page() -> Iterator[str]:
    """The address of another server on this machine, for a browser another site."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Another) as server:
        Thread(target=server.serve_forever).start()
        yield f"http://localhost:{server.server_port}/"
        server.shutdown()


class Another(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


def test_a_download_has_every_row_and_exact_amounts(house: Warehouse, browser: Any, base: str) -> None:
    day = one(house, f"select max(event_date) from reporting.rpt_ad_serving_days where {UP_TO_FULL}")
    expected = house.rows(
        f"select event_id, event_type, revenue_usd from marts.fct_ad_events where event_date = '{day}' order by 1, 2"
    )
    assert len(expected) > 500
    with visited(browser, base, "traffic", events=str(day)) as (page, _):
        assert "The first 500 rows; a download has all of them." in texts(page)
        as_csv, as_parquet = (downloaded(page, kind) for kind in ("CSV", "Parquet"))
    columns = ("event_id", "event_type", "revenue_usd")
    rows = [tuple(row[name] for name in columns) for row in csv.DictReader(io.StringIO(as_csv.decode()))]
    assert sorted(rows) == [(key, kind, f"{amount:f}") for key, kind, amount in expected]
    table = pq.read_table(io.BytesIO(as_parquet)).select(columns).to_pylist()
    assert sorted(tuple(row.values()) for row in table) == expected


def downloaded(page: Any, kind: str) -> bytes:
    with page.expect_download() as waiting:
        page.get_by_role("button", name=kind).last.click()
    return Path(waiting.value.path()).read_bytes()


def test_what_a_build_publishes_meanwhile_is_shown_at_the_next_click(house: Warehouse, browser: Any, base: str) -> None:
    with other_copy(house) as copy, visited(browser, base, "revenue") as (page, said):
        with duckdb.connect(str(copy)) as connection:
            connection.execute("update reporting.rpt_ad_serving_publisher_days set revenue_usd = revenue_usd + 1")
            of_days = f"from reporting.rpt_ad_serving_publisher_days where {UP_TO_FULL}"
            [(expected, of_week)] = connection.execute(
                f"select sum(revenue_usd), sum(revenue_usd) filter (where {LAST_WEEK}) {of_days}"
            ).fetchall()
        before = tiles(page)["Gross revenue"]
        copy.replace(house.published_copy)
        for period, amount in (("All days", expected), ("7 days", of_week)):
            page.get_by_role("radio", name=period).or_(page.get_by_role("button", name=period)).first.click()
            settled(page)
            page.get_by_text(dollars(amount), exact=True).first.wait_for()
        assert tiles(page)["Gross revenue"] == dollars(of_week) != before
        assert before == gross(house)
        assert faults(page, said) == []


def test_a_link_on_the_overview_opens_the_rule(house: Warehouse, browser: Any, base: str) -> None:
    rule, title = house.rows("select rule_id, title from reporting.rpt_quality_actions where rank = 1")[0]
    with visited(browser, base) as (page, said):
        page.get_by_role("link", name=title).first.click()
        page.get_by_role("heading", name=title).first.wait_for()
        settled(page)
        assert rule in texts(page)
        assert faults(page, said) == []
