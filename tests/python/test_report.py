"""The chapter of ad serving: the figures of the marts, what senders wrote as text, nothing loaded from elsewhere."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from support.drops import event
from support.pages import Page, read_page, text_of
from support.warehouse import Warehouse

HOSTILE = '<script>alert(1)</script> & "Sons"'
CHAPTER = "Ad serving"
CHANGED = "Did revenue change after it was reported?"
FILLED = "Did fill rates change after they were reported?"
CLICKED = "Where are ads clicked and seen, and which formats earn?"
RECORDS = "Is every record accounted for?"


@pytest.fixture(scope="module")
def house(shared_house: Warehouse) -> Warehouse:
    house, folder = shared_house, shared_house.folder
    size = ("--days", "4", "--events-per-day", "100", "--seed", "9")
    house.run("tools.generate", "ad_serving", *size, "--out", folder / "drop")
    publishers = folder / "drop" / "publishers.csv"
    header, first, *rest = publishers.read_text(encoding="utf-8").splitlines()
    fields = first.split(",")
    fields[header.split(",").index("publisher_name")] = '"' + HOSTILE.replace('"', '""') + '"'
    publishers.write_text("\n".join([header, ",".join(fields), *rest]) + "\n", encoding="utf-8")
    (folder / "drop" / "redelivery" / "publishers.csv").unlink()
    old = json.dumps(event("of a clock that began anew", "1970-01-01T00:00:00Z", 0.01))
    (folder / "drop" / "events" / "1970-01-01.jsonl").write_text(old + "\n")
    house.land(folder / "drop", "--delivered-at", "2026-03-25T06:00:00Z")
    house.dbt("dev", "build", "--exclude-resource-type", "test", "unit_test")
    return house


@pytest.fixture(scope="module")
def printed(house: Warehouse) -> str:
    return house.run("report", "--out", house.folder / "report" / "index.html").stdout


@pytest.fixture(scope="module")
def page(house: Warehouse, printed: str) -> Page:
    return read_page(house.folder / "report" / "index.html")


def test_the_page_needs_nothing_from_elsewhere(page: Page) -> None:
    assert not {"link", "iframe", "img"} & {one.tag for one in page.root.iter()}
    assert [address for address in page.addresses() if not address.startswith("#")] == []


def test_charts_answer_the_question_of_their_section(page: Page) -> None:
    for title, series in (
        (CHANGED, ("first published", "now")),
        (FILLED, ("before the latest delivery", "now")),
        (RECORDS, ("set aside",)),
        (CLICKED, ("mobile",)),
    ):
        [chart] = page.charts(title)
        for name in series:
            assert name in text_of(chart)


def test_one_day_long_before_the_others_is_in_the_table_and_not_drawn(page: Page) -> None:
    for title in (CHANGED, FILLED):
        assert "Days not drawn: 1 before 20" in text_of(page.section(title))
    assert "1970-01-01" in {row[0] for row in page.table("What are the figures of each day?")}


def test_rules_that_were_not_built_are_left_out_in_one_line(printed: str, page: Page) -> None:
    line = "Data quality is left out: its rules were not built."
    assert page.text.count(line) == printed.count(line) == 1
    assert page.headings == [CHAPTER]
    assert "billable revenue" not in page.facts(CHAPTER)


def test_names_from_files_are_text(page: Page) -> None:
    assert HOSTILE in {row[0] for row in page.table("Who earns?")}


def test_figures_are_those_of_the_marts(house: Warehouse, printed: str, page: Page) -> None:
    [(revenue, delivered, impressions, read)] = house.rows(
        "select (select sum(revenue_usd) from marts.fct_ad_events), "
        "(select sum(revenue_usd_as_delivered) from marts.fct_ad_events), "
        "(select count(*) from marts.fct_ad_events where event_type = 'impression'), "
        "(select sum(records_read) from staging.stg_ad_serving__files where entity = 'events')"
    )
    facts = page.facts(CHAPTER)
    for name, figure in (
        ("revenue", f"${revenue:,.6f}"),
        ("revenue as delivered", f"${delivered:,.6f}"),
        ("impressions", f"{impressions:,}"),
        ("records read", f"{read:,}, all accounted for"),
    ):
        assert facts[name].startswith(figure)
        assert figure in printed


def test_each_publisher_has_the_sums_of_its_events(house: Warehouse, page: Page) -> None:
    found = house.rows(
        "select coalesce(publisher_name, events.publisher_id || ' (in no dimension)'), "
        "count(*) filter (event_type = 'impression'), sum(events.revenue_usd) as revenue "
        "from marts.fct_ad_events as events left join marts.dim_publishers using (publisher_id) "
        "group by events.publisher_id, publisher_name order by revenue desc"
    )
    shown = page.table("Who earns?")
    assert sorted((row[0], row[5]) for row in shown) == sorted((name, f"{shown_:,}") for name, shown_, _ in found)
    assert shown[0][0] == found[0][0]
    assert any("(in no dimension)" in row[0] for row in shown)


def test_days_that_changed_most_come_first(house: Warehouse, page: Page) -> None:
    moved = dict(
        house.rows(
            "select cast(event_date as varchar), sum(revenue_usd_difference) "
            "from marts.fct_revenue_restatements group by all"
        )
    )
    shown = page.table(CHANGED)
    changes = {row[0]: Decimal(row[3].replace("$", "").replace(",", "")) for row in shown}
    assert changes == moved
    assert [abs(change) for change in changes.values()] == sorted(map(abs, moved.values()), reverse=True)


def test_before_and_now_differ_by_what_the_latest_delivery_changed(house: Warehouse, page: Page) -> None:
    """The figure before the redelivery, recomputed from staging without window functions."""
    [(before,)] = house.rows(
        """
        with first as (
            select * from staging.stg_ad_serving__events
            where set_aside_reason is null and _delivered_at = timestamp '2026-03-25 06:00'
        )
        select sum(coalesce(amount, 0)) from (
            select arg_max(revenue_usd, (_source_file, _source_row)) filter (revenue_usd is not null) as amount
            from first group by event_id
        )
        """
    )
    assert page.facts(CHAPTER)["revenue before the latest delivery"].startswith(f"${before:,.6f}")


def test_without_marts_the_error_is_one_line(tmp_path: Path) -> None:
    done = Warehouse(tmp_path, 1).run("report", "--out", tmp_path / "r.html", code=1)
    assert done.stderr.startswith("error: ")
    assert "dbt build --target dev" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
