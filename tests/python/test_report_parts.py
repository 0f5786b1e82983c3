"""How figures, days and rows are written and chosen, and the drawings of charts."""

import datetime as dt
import re
from collections import namedtuple
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree

import pytest

from duckhouse.reporting import charts, formats
from duckhouse.reporting.content import MOST_ROWS, Chapter, Chart, Section, Table, look
from duckhouse.reporting.page import MOST_DAYS, first_rows, latest_days, latest_first, records_section
from duckhouse.settings import PROJECT

Day = namedtuple("Day", "event_date")
Record = namedtuple(
    "Record",
    "delivery_id delivered_at files records_read records_current records_replaced records_set_aside records_rejected "
    "records_blank",
)


@pytest.mark.parametrize(
    ("amount", "currency", "written"),
    [
        (Decimal("1234.5"), "USD", "$1,234.50"),
        (Decimal("-3"), "USD", "-$3.00"),
        (Decimal(0), "USD", "$0.00"),
        (Decimal("0.000001"), "USD", "$0.000001"),
        (Decimal("-0.5"), "EUR", "-EUR 0.500000"),
        (Decimal("2"), None, "2.00"),
        (None, "USD", ""),
    ],
)
def test_money(amount: Decimal | None, currency: str | None, written: str) -> None:
    assert formats.money(amount, currency) == written


def test_durations() -> None:
    seconds = (0, 6.142, 59.94, 59.96, 1103.9, 3600, 13320, 86400, 140_000, None)
    assert [formats.duration(span) for span in seconds] == [
        *("0.0 s", "6.1 s", "59.9 s", "1 min 0 s", "18 min 24 s", "1 h 0 min", "3 h 42 min", "1 d 0 h", "1 d 14 h", ""),
    ]


def test_other_figures() -> None:
    assert formats.change(Decimal("-1234.5")) == "-$1,234.500000"
    assert formats.change(Decimal(0)) == "+$0.000000"
    assert (formats.count(1234), formats.count(0), formats.count(None)) == ("1,234", "0", "")
    assert [formats.counted(number, "record") for number in (0, 1, 2000)] == ["0 records", "1 record", "2,000 records"]
    assert (formats.percent(0.4567), formats.percent(Decimal("0.4567"), 2), formats.percent(None)) == (
        *("45.7%", "45.67%"),
        "",
    )
    assert (formats.share(1, 3), formats.share(0, 0)) == ("33.33%", "none")
    assert formats.moment(dt.datetime(1, 1, 1, 6, 5, 59)) == "0001-01-01 06:05"
    assert (formats.moment(None), formats.words("ad_serving"), formats.words(None)) == ("", "ad serving", "")


def days(*texts: str) -> list[Day]:
    return [Day(dt.date.fromisoformat(text)) for text in texts]


@pytest.mark.parametrize(
    ("found", "last_delivery", "drawn", "note"),
    [
        (("0001-01-01", "2026-03-01", "9999-12-31"), "2026-03-25", ["2026-03-01"], "1 before 2026-01-01, 1 later"),
        (("2026-03-01", "2027-01-01"), "2026-03-25", ["2026-03-01"], "1 later than the latest delivery"),
        (("9999-12-31",), "2026-03-25", [], "1 later"),
        (("0001-01-01", "0001-01-02"), "0001-01-05", ["0001-01-01", "0001-01-02"], ""),
        ((), "0001-01-01", [], ""),
    ],
)
def test_days_of_broken_clocks_are_not_drawn(
    found: tuple[str, ...], last_delivery: str, drawn: list[str], note: str
) -> None:
    shown, told = latest_days(days(*found), dt.date.fromisoformat(last_delivery))
    assert [str(day.event_date) for day in shown] == drawn
    assert (note in told) if note else (told == "")


def test_tables_of_days_end_with_days_of_clocks_that_run_ahead() -> None:
    marked = namedtuple("marked", "event_date is_after_last_delivery")
    days = [marked(dt.date(2026, 3, day), False) for day in (1, 2)] + [
        marked(dt.date(2027, 1, day), True) for day in (1, 2)
    ]
    assert [str(day.event_date) for day in latest_first(days)] == [
        "2026-03-02",
        "2026-03-01",
        "2027-01-02",
        "2027-01-01",
    ]


def test_a_chart_by_day_has_so_many_days_at_most() -> None:
    first = dt.date(2025, 1, 1)
    shown, note = latest_days([Day(first + dt.timedelta(days=number)) for number in range(400)], dt.date(2026, 6, 1))
    assert (len(shown), shown[-1].event_date) == (MOST_DAYS, first + dt.timedelta(days=399))
    assert f"{400 - MOST_DAYS} before" in note


def test_rows_left_out_are_counted() -> None:
    assert first_rows([1, 2, 3], 2, "of others") == ([1, 2], " Left out: 1 of others.")
    assert first_rows([1, 2], 2, "of others") == ([1, 2], "")
    long = Table("Numbers", ("number",), ([number] for number in range(MOST_ROWS + 7)))
    assert (len(long.first), len(long.rest), long.left_out) == (10, MOST_ROWS - 10, 7)


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        (["$1,234.50", "-$3.00", "", "none"], "figure"),
        (["2026-01-01", "41.2% (40.1% to 42.3%)"], "figure"),
        (["1,000", "12.5 s", "3 %"], "figure"),
        (["EUR 0.500000", "± 3"], "figure"),
        (["au_1"], "name"),
        (["a sentence that is longer than a name would be"], "prose"),
    ],
)
def test_columns_of_figures_stand_right(cells: list[str], found: str) -> None:
    assert look(cells) == found


def test_sections_have_anchors_of_their_own() -> None:
    chapter = Chapter("Ad serving", [], [])
    assert chapter.anchor_of(Section("Did revenue change?", [])) == "ad-serving-did-revenue-change"
    assert chapter.anchor_of(Section("A rule", [], anchor="ad_serving__late")) == "ad_serving__late"


def test_records_are_shown_by_delivery_and_fate() -> None:
    section = records_section([Record("20260325", dt.datetime(2026, 3, 25, 6), 2, 21, 11, 4, 3, 2, 1)])
    chart, table = section.parts
    assert isinstance(chart, Chart)
    assert isinstance(table, Table)
    assert table.rows == [("20260325", "2026-03-25 06:00", "2", "21", "11", "4", "3", "0", "2", "1")]


def bars(chart: Chart, name: str) -> list[Any]:
    root = ElementTree.fromstring(chart.svg)  # noqa: S314
    return [one for one in root.iter() if one.tag.endswith(name)]


def test_a_chart_has_no_size_of_its_own_and_short_numbers() -> None:
    chart = charts.days_chart([(dt.date(2026, 1, 1), "now", Decimal("1.5"))], "events", "d", {"now": charts.BLUE})
    [root] = bars(chart, "svg")
    assert "viewBox" in root.attrib
    assert "width" not in root.attrib
    assert any(one.get("fill") == charts.BLUE for one in root.iter())
    placed = [one.attrib[name] for one in root.iter() for name in ("d", "transform") if name in one.attrib]
    assert placed
    assert not [text for text in placed if charts.LONG_NUMBER.search(text)]


def test_a_name_with_signs_that_no_drawing_has_is_drawn() -> None:
    name = "a\x1b\x00\ufffeb\U0001f600"
    rows = [{"name": name, "value": 0.5, "low": 0.4, "high": 0.6, "other": 0.7}]
    texts = [text.text for text in bars(charts.interval_chart(rows, name, ".1%", name), "text")]
    assert texts.count("a\ufffd\ufffd\ufffdb\U0001f600") == 2


def test_a_sparkline_is_as_high_as_its_share() -> None:
    drawn = bars(charts.sparkline([4, 0, 2, 0, 1000], "trend"), "rect")
    assert [(one.get("x"), one.get("height")) for one in drawn] == [("0", "1"), ("8", "1"), ("16", "24")]


def test_one_day_that_towers_makes_the_axis_logarithmic() -> None:
    colours = {"before": charts.GREY, "now": charts.BLUE}
    points = [(dt.date(2026, 1, day), "now", 1 if day < 9 else 1000) for day in range(1, 10)]
    assert "log scale" in charts.line_chart(points, "dollars", ",.0f", colours).label
    assert "log scale" not in charts.line_chart(points[:-1], "dollars", ",.0f", colours).label


def test_what_the_guide_names_is_on_the_page() -> None:
    guide = (PROJECT / "docs" / "reading.md").read_text(encoding="utf-8")
    written = "".join(path.read_text(encoding="utf-8") for path in (PROJECT / "duckhouse" / "reporting").rglob("*.py"))
    titles = re.findall(r"\*\*(.+?)\*\*", guide)
    assert len(titles) > 10
    assert [title for title in titles if f'"{title}"' not in written] == []


@pytest.mark.parametrize("number", [2, 8])
def test_few_days_have_one_label_each(number: int) -> None:
    days = [dt.date(2026, 3, 20) + dt.timedelta(days=one) for one in range(number)]
    drawn = bars(charts.days_chart([(day, "now", 1) for day in days], "events", "d", {"now": charts.BLUE}), "text")
    labels = [one.text for one in drawn if one.text and one.text.endswith("Mar")]
    assert len(labels) >= 2
    assert len(labels) == len(set(labels))
