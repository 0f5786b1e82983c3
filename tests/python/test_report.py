"""The report shows the figures of the marts, escapes what senders wrote, and loads nothing from elsewhere."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from support.drops import event
from support.warehouse import Warehouse

HOSTILE = '<script>alert(1)</script> & "Sons"'


class Page(HTMLParser):
    """The tags, addresses and text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "xlink:href", "action")]

    def handle_data(self, data: str) -> None:
        self.text += data


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
def page(house: Warehouse) -> Page:
    out = house.folder / "report" / "index.html"
    house.run("report", "--out", out)
    parsed = Page()
    parsed.feed(out.read_text(encoding="utf-8"))
    return parsed


def test_the_page_needs_nothing_from_elsewhere(page: Page) -> None:
    assert not {"script", "link", "iframe", "img"} & set(page.tags)
    assert [address for address in page.addresses if not address.startswith("#")] == []


def test_charts_are_drawn(page: Page) -> None:
    """Three of them, each for a broad and for a narrow screen."""
    assert page.tags.count("figure") == 3
    assert page.tags.count("svg") == 6
    for series in ("before the latest delivery", "now", "set aside"):
        assert series in page.text


def test_one_day_long_before_the_others_is_in_the_table_and_not_drawn(page: Page) -> None:
    assert page.text.count(" Days not drawn: 1 before 20") == 2
    assert "1970-01-01" in page.text


def test_rules_that_were_not_built_are_left_out_in_one_line(house: Warehouse, page: Page) -> None:
    printed = house.run("report", "--out", house.folder / "without.html").stdout
    line = "Data quality is left out: its rules were not built."
    assert page.text.count(line) == printed.count(line) == 1
    assert "Scorecard" not in page.text
    assert "From gross to billable" not in page.text


def test_names_from_files_are_escaped(page: Page) -> None:
    assert HOSTILE in page.text


def test_figures_are_those_of_the_marts(house: Warehouse, page: Page) -> None:
    printed = house.run("report", "--out", house.folder / "again.html").stdout
    [(revenue, delivered, read)] = house.rows(
        "select (select sum(revenue_usd) from marts.fct_ad_events), "
        "(select sum(revenue_usd_as_delivered) from marts.fct_ad_events), "
        "(select sum(records_read) from staging.stg_ad_serving__files where entity = 'events')"
    )
    for figure in (f"${revenue:,.6f}", f"${delivered:,.6f}", f"{read:,}, all accounted for"):
        assert figure in page.text
        assert figure in printed


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
    [shown] = re.findall(r"revenue before latest delivery\$([0-9,.]+)", page.text)
    assert shown.replace(",", "") == f"{before:.6f}"


def test_without_marts_the_error_is_one_line(tmp_path: Path) -> None:
    done = Warehouse(tmp_path, 1).run("report", "--out", tmp_path / "r.html", code=1)
    assert done.stderr.startswith("error: ")
    assert "run dbt build --target dev first" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
