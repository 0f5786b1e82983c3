"""The page of the report in a real browser: readable, reachable and whole on a screen, on a phone and on paper."""

import datetime as dt
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from duckhouse.dbt_plugin.blocks import Finding
from duckhouse.reporting import charts
from duckhouse.reporting.content import Chapter, Code, Fact, Facts, Folded, Link, Section, Table, Text
from duckhouse.reporting.overview import Overview
from duckhouse.reporting.page import rendered
from duckhouse.warehouse.blocked import Blocked
from support.browser import browser_or_skip, faults_on_paper, faults_on_screen, opened
from support.pages import Page

HOSTILE = '<script>window.hacked = true</script><img src=x onerror="window.hacked = true"> & "Sons"'
NOON = dt.datetime(2026, 3, 25, 12)
DAYS = [dt.date(2026, 2, 1) + dt.timedelta(days=number) for number in range(60)]
WIDTHS, SCHEMES = (1280, 390), ("light", "dark")
MOST_BYTES = 1_500_000

System = namedtuple(
    "System",
    "source label first_day last_day last_delivery_at records_unaccounted days_without_events open_errors "
    "impact_amount impact_currency days_late headline_name headline_value is_complete is_right is_on_time",
)
Action = namedtuple("Action", "source rule_id title action owner findings impact_amount impact_currency")
SYSTEMS = [
    System("parts", "Parts", DAYS[0], DAYS[-1], NOON, 0, 0, 0, 0, None, 0, "revenue", "$2,396.60", True, True, True),
    System("absent", HOSTILE, DAYS[0], DAYS[-1], NOON, 1, 2, 12, 5, "USD", 3, "rate", "41.2 %", False, False, False),
    System("unknown", "Unknown", None, None, NOON, 0, 0, 0, 0, None, None, None, None, True, True, None),
]
ACTIONS = [Action("parts", "parts__rule", HOSTILE, "Ask the sender. " * 5, "ad operations", 1, 1234, "USD")]
BLOCKING = Finding("shop__rule", HOSTILE, f"{'x' * 200}.csv, of delivery d1", HOSTILE, "Ask the sender.", 20)
BLOCKED = Blocked(NOON + dt.timedelta(hours=1), [BLOCKING] * 12, 3)


def chapter() -> Chapter:
    """Every kind of part, with long names and many columns."""
    wide = Table("Many columns", [f"column {n}" for n in range(14)], [["a name", *(f"{n:,}" for n in range(13))]] * 30)
    long = Table("Long words", ("name", "prose"), [("x" * 300, "words " * 60), (HOSTILE, "y" * 300)])
    trend = charts.sparkline([1, 0, 5], HOSTILE)
    linked = Table("Links", ("rule", "trend"), [(Link(HOSTILE, "parts__rule"), trend)])
    colours = {"before": charts.GREY, "now": charts.BLUE}
    lines = [(day, series, number) for number, day in enumerate(DAYS) for series in colours]
    intervals = [{"name": HOSTILE, "value": 0.5, "low": 0.4, "high": 0.6, "other": 0.7}]
    fates = [(HOSTILE, fate, 10) for fate in charts.FATES]
    months = [(day, 4.1, 4.0, 4.2) for day in DAYS[::30]]
    return Chapter(
        "Parts",
        [Fact("revenue", "$2,396.599079", "± $1.20 (95 %)"), Fact(HOSTILE, HOSTILE)],
        [
            Section("Did revenue change?", [charts.line_chart(lines, "US dollars", "$,.0f", colours), wide], "A note."),
            Section("By day", [charts.days_chart(lines, "events", "d", colours)]),
            Section("Others", [charts.fates_chart(fates), charts.months_chart(months, "mean", ".2f")], folded=True),
            Section(
                "A rule",
                [
                    Text(HOSTILE),
                    Facts([Fact("owner", "ad operations")]),
                    Code("select * from quality.fct_dq_findings where rule_id = 'parts__rule' and is_open"),
                    Folded("Examples", [long, linked]),
                    charts.interval_chart(intervals, "CTR", ".1%", HOSTILE),
                    charts.shares_chart([(HOSTILE, "now", 1), (HOSTILE, "before", 2)], colours, "shares"),
                ],
                folded=True,
                anchor="parts__rule",
            ),
        ],
    )


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("report") / "index.html"
    overview = Overview("dev", NOON, SYSTEMS, ACTIONS, "", acknowledged=1234, blocked=BLOCKED)
    out.write_text(rendered("Report", overview, [chapter()]), encoding="utf-8")
    return out


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with browser_or_skip() as found:
        yield found


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_page_can_be_read_and_reached_on_a_screen(browser: Any, path: Path, width: int, scheme: str) -> None:
    assert faults_on_screen(browser, path, width, scheme) == []


def test_a_page_is_whole_on_paper(browser: Any, path: Path) -> None:
    printed = path.with_suffix(".pdf")
    assert faults_on_paper(browser, path, printed) == []
    assert printed.read_bytes().startswith(b"%PDF")


def test_links_open_what_is_folded_without_javascript(browser: Any, path: Path) -> None:
    with opened(browser, path, WIDTHS[0], java_script_enabled=False) as (page, _):
        page.locator("#overview a[href='#parts__rule']").click()
        page.locator("#parts__rule p").first.wait_for(state="visible")


def test_what_data_says_stays_text(browser: Any, path: Path) -> None:
    with opened(browser, path, WIDTHS[0]) as (page, _):
        assert page.evaluate("window.hacked") is None
        assert page.locator("img").count() == 0
        assert HOSTILE in page.locator("#parts").inner_text()
        assert [text for text in page.locator("svg text").all_text_contents() if text.startswith(HOSTILE[:10])]


def test_the_first_screen_says_what_blocks_a_build_and_which_figures_it_shows(browser: Any, path: Path) -> None:
    with opened(browser, path, WIDTHS[1]) as (page, _):
        banner, overview = (page.locator(name).bounding_box() for name in ("#blocked", "#overview"))
        told = page.locator("#blocked").inner_text()
    assert banner["y"] < overview["y"]
    assert "Blocked since 2026-03-25 13:00 UTC by 15 findings: nothing new is published." in told
    assert "The published figures are those of the last good build, of 2026-03-25 12:00 UTC." in told
    assert told.count("xxx.csv, of delivery d1") == 10
    assert (HOSTILE in told, told.count("Ask the sender."), "and 5 more findings" in told) == (True, 1, True)


def test_what_is_acknowledged_is_counted_on_the_first_screen(path: Path) -> None:
    page = Page(path.read_text(encoding="utf-8"))
    assert "Acknowledged, and therefore not ranked: 1,234 open findings." in page.text


def test_a_page_of_a_good_build_has_no_banner() -> None:
    page = Page(rendered("Report", Overview("dev", NOON, SYSTEMS, [], "", acknowledged=2), [chapter()]))
    assert "blocked" not in page.ids()
    assert "No finding that is open needs action." in page.text
    page = Page(rendered("Report", Overview("dev", NOON, SYSTEMS, [], ""), [chapter()]))
    assert "No finding is open." in page.text
    assert "Acknowledged" not in page.text


def test_a_spoilt_page_is_told(browser: Any, path: Path) -> None:
    """Each check finds its fault."""
    spoilt = path.with_name("spoilt.html")
    spoilt.write_text(
        """<!doctype html><title>spoilt</title><body><h1>One</h1><h3>Three</h3>
        <p style="color: #aaa">pale</p><p style="width: 2000px">broad</p><table><tr><td>1</td></tr></table>
        <svg></svg><i id="a"></i><i id="a"></i><a href="#nowhere">away</a><img src="http://127.0.0.1:9/x.png">
        <script>missing()</script></body>""",
        encoding="utf-8",
    )
    told = "\n".join(faults_on_screen(browser, spoilt, WIDTHS[0], "light"))
    for fault in (
        *("heading of level 3", "contrast 2.32: pale", "too wide: p broad", "without a caption", "without scopes"),
        *("without a label", "id twice: a", "not opened: #nowhere", "request: http://127.0.0.1:9", "missing is not"),
    ):
        assert fault in told
    spoilt.write_text("<body><details><summary>more</summary><p>hidden</p></details>", encoding="utf-8")
    assert faults_on_paper(browser, spoilt, spoilt.with_suffix(".pdf")) == ["folded: hidden"]


def test_a_list_shows_ten_rows_and_folds_the_others(path: Path) -> None:
    page = Page(path.read_text(encoding="utf-8"))
    first, more = page.section("Did revenue change?").iter("tbody")
    assert (len(first), len(more)) == (10, 20)
    assert page.table("Did revenue change?") == [["a name", *(f"{number:,}" for number in range(13))]] * 30


def test_a_page_is_small(path: Path) -> None:
    assert path.stat().st_size < MOST_BYTES
