"""The report shows the figures of the marts, escapes what senders wrote, and loads nothing from elsewhere."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from duckhouse.dbt_plugin.blocks import BesideCopy, Block, Failure, Finding
from scripts import report
from support.browser import browser_or_skip, faults_on_screen
from support.dbt import environment
from support.drops import event
from support.pages import Page, read_page, text_of
from support.warehouse import Warehouse, called

HOSTILE = '<script>alert(1)</script> & "Sons"'
CHANGED = "Did revenue change after it was reported?"
FILLED = "Did fill rates change after they were reported?"
CLICKED = "Where are ads clicked and seen, and which formats earn?"
RECORDS = "Is every record accounted for?"
BROKEN_CLOCKS = ("1900-01-01", "1970-01-01", "2027-01-01", "2299-12-31")  # days that landing takes


@pytest.fixture(scope="module")
def house(shared_house: Warehouse) -> Warehouse:
    house, folder = replace(shared_house, views=True), shared_house.folder
    size = ("--days", "4", "--events-per-day", "100", "--seed", "9")
    house.run("tools.generate", "ad_serving", *size, "--out", folder / "drop")
    publishers = folder / "drop" / "publishers.csv"
    header, first, *rest = publishers.read_text(encoding="utf-8").splitlines()
    fields = first.split(",")
    fields[header.split(",").index("publisher_name")] = '"' + HOSTILE.replace('"', '""') + '"'
    publishers.write_text("\n".join([header, ",".join(fields), *rest]) + "\n", encoding="utf-8")
    (folder / "drop" / "redelivery" / "publishers.csv").unlink()
    odd = (event(f"of {day}", f"{day}T00:00:00Z", 0.01) for day in BROKEN_CLOCKS)
    (folder / "drop" / "events" / "1970-01-01.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in odd))
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
    [policy] = [one.get("content") or "" for one in page.root.iter("meta") if one.get("http-equiv")]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy


def test_links_lead_to_ids_that_are_there_once(page: Page) -> None:
    assert {address.removeprefix("#") for address in page.addresses()} <= set(page.ids())
    assert len(page.ids()) == len(set(page.ids()))


def test_days_of_broken_clocks_are_in_the_table_and_not_drawn(house: Warehouse, page: Page) -> None:
    [(later,)] = house.rows(
        "select count(distinct event_date) from marts.fct_ad_events where event_date > '2026-03-27'"
    )
    section = page.section(CHANGED)
    assert "Days not drawn: 2 before 20" in text_of(section)
    assert f"{later} later than the latest delivery" in text_of(section)
    days = {row[0].split()[0]: row[0] for row in page.table("What are the figures of each day?")}
    assert set(BROKEN_CLOCKS) < set(days)
    assert {day for day, shown in days.items() if shown.endswith("after the latest delivery")} == {
        day for day in days if day > "2026-03-27"
    }
    for chart in page.charts(CHANGED):
        assert not {"1900", "1970", "2027", "2299"} & set(text_of(chart).split())


def test_rules_that_were_not_built_are_left_out_in_one_line(page: Page, printed: str) -> None:
    line = "Data quality is left out: its rules were not built. dbt build --target dev builds them."
    assert page.text.count(line) == printed.count(line) == 1
    assert page.headings == ["Ad serving"]


def test_without_rules_the_first_screen_shows_the_first_figure_of_a_system(page: Page) -> None:
    name, _ = next(iter(page.facts("Ad serving").items()))
    [overview] = [one for one in page.root.iter("section") if one.get("id") == "overview"]
    assert f"Ad serving: {name}" in text_of(overview)


def test_names_from_files_are_escaped(page: Page) -> None:
    assert HOSTILE in page.text
    assert len(list(page.root.iter("script"))) == 1


def test_figures_are_those_of_the_marts(house: Warehouse, page: Page, printed: str) -> None:
    [(revenue, delivered, read)] = house.rows(
        "select (select sum(revenue_usd) from marts.fct_ad_events), "
        "(select sum(revenue_usd_as_delivered) from marts.fct_ad_events), "
        "(select sum(records_read) from staging.stg_ad_serving__files where entity = 'events')"
    )
    for figure in (f"${revenue:,.6f}", f"${delivered:,.6f}", f"{read:,}, all accounted for"):
        assert figure in " ".join(page.facts("Ad serving").values())
    name, first = next(iter(page.facts("Ad serving").items()))
    assert printed.splitlines()[-2].startswith(f"Ad serving: {name} {first.split()[0]}")


def test_charts_answer_the_question_of_their_section(page: Page) -> None:
    for title, series in (
        (CHANGED, ("added", "taken away")),
        (FILLED, ("before the latest delivery", "now")),
        (RECORDS, ("set aside",)),
        (CLICKED, ("mobile",)),
    ):
        [chart] = page.charts(title)
        for name in series:
            assert name in text_of(chart)


def test_each_publisher_has_the_sums_of_its_events(house: Warehouse, page: Page) -> None:
    found = house.rows(
        "select coalesce(publisher_name, events.publisher_id || ' (unknown)'), "
        "count(*) filter (event_type = 'impression'), sum(events.revenue_usd) as revenue "
        "from marts.fct_ad_events as events left join marts.dim_publishers using (publisher_id) "
        "group by events.publisher_id, publisher_name order by revenue desc"
    )
    shown = page.table("Which publishers earn most?")
    assert sorted((row[0], row[5]) for row in shown) == sorted((name, f"{shown_:,}") for name, shown_, _ in found)
    assert shown[0][0] == found[0][0]
    assert any("(unknown)" in row[0] for row in shown)


def test_days_that_changed_most_come_first(house: Warehouse, page: Page) -> None:
    found = house.rows(
        "select cast(event_date as varchar), sum(revenue_usd_difference), sum(abs(revenue_usd_difference)) "
        "from marts.fct_revenue_restatements group by all"
    )
    shown = page.table(CHANGED)
    changes = {row[0]: Decimal(row[3].replace("$", "").replace(",", "")) for row in shown}
    assert changes == {day: change for day, change, _ in found}
    moved = {day: size for day, _, size in found}
    assert [moved[day] for day in changes] == sorted(moved.values(), reverse=True)


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
    assert page.facts("Ad serving")["revenue before the latest delivery"].startswith(f"${before:,.6f}")


def test_the_report_of_a_blocked_build_has_what_blocks_it(house: Warehouse, page: Page) -> None:
    """The record is newer than the copy that the fixture has published."""
    place, out = BesideCopy(house.published_copy), house.folder / "blocked.html"
    found = Finding("shop__rule", "Broken", "a.csv", "20 of 30 unusable", "Ask the sender.", 20, "land --retract d1")
    now = datetime.now(UTC).replace(tzinfo=None)
    place.write(Block(now, {"gate": Failure([found])}))
    with environment(house.env):
        printed = called(lambda: report.main(["--out", str(out)])).stdout
    place.remove()
    [banner] = [one for one in read_page(out).root.iter("section") if one.get("id") == "blocked"]
    since, figures, *others = printed.splitlines()
    assert since == f"Blocked since {now:%Y-%m-%d %H:%M} UTC by 1 finding: nothing new is published."
    assert figures.startswith("The published figures are those of the last good build, of 20")
    assert others[:3] == ["Broken (shop__rule)", "  a.csv: 20 of 30 unusable", "  Ask the sender."]
    for words in (since, figures, "Broken", "a.csv: 20 of 30 unusable", "Ask the sender.", "land --retract d1"):
        assert words in text_of(banner)
    assert "blocked" not in page.ids()


@pytest.mark.parametrize("width", [1280, 390])
def test_a_browser_shows_the_page_whole(house: Warehouse, page: Page, width: int) -> None:
    with browser_or_skip() as browser:
        assert faults_on_screen(browser, house.folder / "report" / "index.html", width, "light") == []


def test_without_marts_the_error_is_one_line(tmp_path: Path) -> None:
    done = Warehouse(tmp_path, 1).run("report", "--out", tmp_path / "r.html", code=1)
    assert done.stderr.startswith("error: ")
    assert "dbt build --target dev" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
