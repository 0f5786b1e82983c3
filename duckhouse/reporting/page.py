"""The parts of a page: sections, tables and charts as inline SVG. Everything that comes from data is escaped."""

import html
import statistics
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, TypeVar

try:
    import altair as alt
    import vl_convert
except ModuleNotFoundError:
    alt = vl_convert = None  # type: ignore[assignment]  # need_charts() then refuses to go on

from duckhouse import cli

T = TypeVar("T")
SIZES = {"broad": (920, 3), "narrow": (358, 1)}  # width of a drawing for a screen, columns of its legend
CHART_HEIGHT = 240
MOST_DAYS = 60  # in a chart by day: what draws it takes seconds for a year, and does not end for half a century
BAR_WIDTH, BAR_HEIGHT = 4, 24  # of a sparkline
TOWERING = 20  # times the median: the other days would lie flat on the axis of a linear chart
FATES = {
    "current": "#0b6e99",
    "replaced by a later record": "#9aa5b1",
    "set aside": "#e0a030",
    "rejected": "#c0392b",
    "blank": "#dfe3e8",
}
DAY_AXIS: dict[str, Any] = {"title": None, "scale": alt and alt.Scale(type="utc")}
RECORD_HEADERS = ("delivery", "delivered at", "files", "read", "current", "replaced", "set aside", "rejected", "blank")


# rows of a query of the report, and those of all queries of a chapter by the names of the queries
Row = tuple[Any, ...]
Found = dict[str, list[Row]]


class Markup(str):
    """HTML that a function of this module made; any other text is escaped."""


def need_charts() -> None:
    if alt is None:
        raise cli.UserError("altair is not installed: pip install -c constraints.txt '.[report]', or make setup")


def latest_days(days: Sequence[Row], last_delivery: date) -> tuple[list[Row], str]:
    """Of rows that begin with a day, those to draw, and a note on the others. The last day is the latest that is not
    after the delivery: days of clocks that run ahead, or began in 1970, would press all others into a line."""
    last = max((row[0] for row in days if row[0] <= last_delivery), default=last_delivery)
    first = last - timedelta(days=MOST_DAYS - 1)
    earlier, later = sum(row[0] < first for row in days), sum(row[0] > last for row in days)
    others = [f"{earlier} before {first}"] * bool(earlier) + [f"{later} later than the latest delivery"] * bool(later)
    note = f" Days not drawn: {', '.join(others)}; they are in the table of days." if others else ""
    return [row for row in days if first <= row[0] <= last], note


def first_rows(rows: Sequence[T], most: int, others: str) -> tuple[Sequence[T], str]:
    """Of rows in their order, those to show, and a note that counts the others."""
    more = len(rows) - most
    return rows[:most], f" Left out: {more:,} {others}." if more > 0 else ""


def line_chart(points: list[Row], title: str, number_format: str, colours: Mapping[str, str]) -> str:
    """Lines of (day, series, value); the first series is dashed."""
    rows = [{"day": str(day), "series": series, "value": value} for day, series, value in points]
    values = [value for *_, value in points]
    one_towers = min(values) >= 0 and max(values) > TOWERING * statistics.median(values)
    if one_towers:
        title += ", log scale"
    scale = alt.Scale(type="symlog") if one_towers else alt.Scale(zero=True)
    chart = (
        alt.Chart(alt.Data(values=rows))
        .mark_line(point=True)
        .encode(
            x=alt.X("day:T", axis=alt.Axis(format="%d %b", labelOverlap=True, tickCount="day"), **DAY_AXIS),
            y=alt.Y("value:Q", title=title, axis=alt.Axis(format=number_format), scale=scale),
            color=series_colour(colours),
            strokeDash=alt.StrokeDash(
                "series:N", legend=None, scale=alt.Scale(domain=list(colours), range=[[5, 3], [1, 0]])
            ),
        )
    )
    return svg(chart, f"{title} by day")


def months_chart(points: list[Row], title: str, number_format: str) -> str:
    """A line of (month, value, low, high) with its interval as a band."""
    rows = [{"month": str(month), "value": value, "low": low, "high": high} for month, value, low, high in points]
    axis = alt.Axis(format="%b %Y", labelOverlap=True, tickCount="month")
    base = alt.Chart(alt.Data(values=rows)).encode(x=alt.X("month:T", axis=axis, **DAY_AXIS))
    rating = alt.Y("low:Q", title=title, axis=alt.Axis(format=number_format), scale=alt.Scale(zero=False))
    band = base.mark_area(color="#9ac4d8", opacity=0.5).encode(y=rating, y2="high:Q")
    line = base.mark_line(point=True, color="#0b6e99").encode(y="value:Q")
    return svg(band + line, f"{title} by month")


def days_chart(points: list[Row], title: str, number_format: str, colours: Mapping[str, str]) -> str:
    """Stacked bars of (day, series, value), the first series at the bottom."""
    places = list(colours)
    rows = [
        {"day": str(day), "series": series, "value": float(value), "place": places.index(series)}
        for day, series, value in points
    ]
    chart = (
        alt.Chart(alt.Data(values=rows))
        .mark_bar()
        .encode(
            x=alt.X("day:T", timeUnit="utcyearmonthdate", axis=alt.Axis(format="%d %b", labelOverlap=True), **DAY_AXIS),
            y=alt.Y(
                "value:Q",
                title=title,
                axis=alt.Axis(format=number_format, tickMinStep=1 if number_format == "d" else 0),
            ),
            color=series_colour(colours),
            order=alt.Order("place:Q"),
        )
    )
    return svg(chart, f"{title} by day", height=CHART_HEIGHT * 2 // 3)


def sparkline(values: Sequence[int], label: str) -> Markup:
    """Small bars, each as high as its share of the highest."""
    highest = max(values)
    bars = "".join(
        f'<rect x="{place * BAR_WIDTH}" y="{BAR_HEIGHT - height:g}" width="{BAR_WIDTH - 1}" height="{height:g}"/>'
        for place, value in enumerate(values)
        if (height := max(BAR_HEIGHT * value / highest, 1 if value else 0))
    )
    width = BAR_WIDTH * len(values)
    return Markup(
        f'<svg class="sparkline" role="img" aria-label="{html.escape(label)}" width="{width}" height="{BAR_HEIGHT}" '
        f'viewBox="0 0 {width} {BAR_HEIGHT}"><title>{html.escape(label)}</title>{bars}</svg>'
    )


def fates_chart(counts: list[Row]) -> str:
    """Bars of (delivery, fate, records)."""
    rows = [
        {"delivery": delivery, "series": fate, "value": int(count), "place": place}
        for place, (delivery, fate, count) in enumerate(counts)
    ]
    chart = (
        alt.Chart(alt.Data(values=rows))
        .mark_bar()
        .encode(
            y=alt.Y("delivery:N", title=None),
            x=alt.X("value:Q", title="records", axis=alt.Axis(format="~s")),
            color=series_colour(FATES),
            order=alt.Order("place:Q"),
        )
    )
    return svg(chart, "records by delivery and what became of them", height=alt.Step(34))


def interval_chart(
    rows: list[dict[str, Any]], title: str, number_format: str, label: str, from_zero: bool = True
) -> str:
    """Points (name, value) with their interval (low, high), and a second reading (other) beside them."""
    base = alt.Chart(alt.Data(values=rows)).encode(y=alt.Y("name:N", title=None, sort=None))
    axis = alt.Axis(format=number_format)
    low = alt.X("low:Q", title=title, axis=axis, scale=alt.Scale(zero=from_zero))
    bars = base.mark_rule(strokeWidth=2, color="#9ac4d8").encode(x=low, x2="high:Q")
    points = base.mark_point(filled=True, size=70, color="#0b6e99", opacity=1).encode(x="value:Q")
    others = base.mark_tick(thickness=3, size=14, color="#e0a030").encode(x="other:Q")
    return svg(bars + points + others, label, height=alt.Step(22))


def shares_chart(rows: list[Row], colours: Mapping[str, str], label: str) -> str:
    """Bars of (name, series, value), each stretched to 100 %."""
    data = [{"name": name, "series": series, "value": value} for name, series, value in rows]
    chart = (
        alt.Chart(alt.Data(values=data))
        .mark_bar()
        .encode(
            y=alt.Y("name:N", title=None, sort=None),
            x=alt.X("value:Q", title=None, stack="normalize", axis=alt.Axis(format=".0%")),
            color=series_colour(colours),
        )
    )
    return svg(chart, label, height=alt.Step(22))


def series_colour(colours: Mapping[str, str]) -> Any:
    return alt.Color(
        "series:N",
        scale=alt.Scale(domain=list(colours), range=list(colours.values())),
        legend=alt.Legend(title=None, orient="top"),
    )


def svg(chart: Any, label: str, height: Any = CHART_HEIGHT) -> str:
    """A chart drawn for a broad and for a narrow screen; the style sheet shows one of them."""
    drawings = "".join(
        f'<div class="{name}">{draw(chart.properties(width=width, height=height), columns)}</div>'
        for name, (width, columns) in SIZES.items()
    )
    return f'<figure role="img" aria-label="{html.escape(label)}">{drawings}</figure>'


def draw(chart: Any, columns: int) -> str:
    specification = (
        chart.configure_view(stroke=None)
        .configure_legend(columns=columns, labelLimit=300)
        .configure_axisY(labelLimit=130)
        .properties(autosize=alt.AutoSizeParams(type="fit-x", contains="padding"))
        .to_dict()
    )
    return vl_convert.vegalite_to_svg(specification)


def heading(text: str) -> str:
    return f'<h1 id="{anchor(text)}">{html.escape(text)}</h1>'


def navigation(headings: Iterable[str]) -> str:
    links = " ".join(f'<a href="#{anchor(text)}">{html.escape(text)}</a>' for text in headings)
    return f"<nav>{links}</nav>"


def anchor(text: str) -> str:
    return text.lower().replace(" ", "-")


def paragraph(text: str) -> str:
    return f"<p>{html.escape(text)}</p>"


def folded(summary: str, body: str) -> str:
    return f"<details><summary>{html.escape(summary)}</summary>{body}</details>"


def section(title: str, body: str, note: str = "") -> str:
    lead = paragraph(note) if note else ""
    return f"<section><h2>{html.escape(title)}</h2>{lead}{body}</section>"


def records_section(records: list[Row]) -> str:
    """What became of the records: rows of delivery, moment, files, read, and one count for each of FATES."""
    fates = [(row[0], fate, count) for row in records for fate, count in zip(FATES, row[4:9], strict=True)]
    rows = ((row[0], f"{row[1]:%Y-%m-%d %H:%M}", *(f"{count:,}" for count in row[2:9])) for row in records)
    return section(
        "Records accounted for",
        fates_chart(fates) + table(RECORD_HEADERS, rows),
        "Every record of every events file, counted from the raw bytes, and what became of it.",
    )


def definitions(items: list[tuple[str, str]]) -> str:
    return "<dl>" + "".join(f"<dt>{html.escape(n.strip())}</dt><dd>{escaped(v)}</dd>" for n, v in items) + "</dl>"


def table(headers: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    head = "".join(f"<th>{html.escape(header)}</th>" for header in headers)
    body = "".join("<tr>" + "".join(f"<td>{escaped(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def escaped(value: Any) -> str:
    return value if isinstance(value, Markup) else html.escape(str(value))


def dollars(amount: Decimal | None) -> str:
    return money(amount, "USD")


def money(amount: Decimal | None, currency: str | None) -> str:
    """An amount to the hundredth, one below 1 to the millionth, with its ISO currency; nothing for none."""
    if amount is None:
        return ""
    unit = "$" if currency == "USD" else f"{currency} " if currency else ""
    return f"{unit}{amount:,.2f}" if abs(amount) >= 1 or amount == 0 else f"{unit}{amount:,.6f}"


def share(part: int, whole: int) -> str:
    return f"{part / whole:.2%}" if whole else "none"


TEMPLATE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>duckhouse</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; color: #1f2933; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }}
body {{ overflow-wrap: anywhere; }}
h1 {{ font-size: 1.6rem; margin-top: 3rem; }}
nav {{ display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; }}
a {{ color: #0b6e99; }}
h2 {{ font-size: 1.2rem; margin-top: 2.5rem; border-bottom: 1px solid #dfe3e8; }}
figure {{ margin: 1rem 0; }}
figure svg {{ width: 100%; height: auto; }}
.narrow {{ display: none; }}
.sparkline {{ fill: #0b6e99; border-bottom: 1px solid #9aa5b1; vertical-align: middle; max-width: 100%; }}
dl {{ display: grid; grid-template-columns: minmax(10rem, max-content) 1fr; gap: .2rem 1.5rem; }}
dt {{ color: #52606d; }}
dd {{ margin: 0; font-variant-numeric: tabular-nums; }}
.wide {{ overflow-x: auto; }}
table {{ border-collapse: collapse; font-size: .875rem; width: 100%; font-variant-numeric: tabular-nums; }}
th, td {{ text-align: right; padding: .25rem .6rem; border-bottom: 1px solid #eef1f4; white-space: nowrap; }}
th:first-child, td:first-child {{ text-align: left; }}
.prose td:last-child, .prose th:last-child {{ text-align: left; white-space: normal; min-width: 16rem; }}
details {{ border-top: 1px solid #dfe3e8; padding: .5rem 0; }}
.caption {{ font-size: .875rem; margin-left: .6rem; }}
td .caption {{ display: none; }}
summary {{ cursor: pointer; }}
details {{ scroll-margin-top: 1rem; }}
.figures {{ color: #52606d; font-variant-numeric: tabular-nums; }}
.severity {{ border-radius: .6rem; padding: 0 .5rem; font-size: .75rem; color: #fff; background: #52606d; }}
.severity.error {{ background: #c0392b; }}
.severity.warning {{ background: #e0a030; color: #1f2933; }}
details ul {{ padding-left: 1.2rem; }}
details li {{ margin: .4rem 0; }}
.evidence {{ color: #52606d; font-size: .875rem; }}
pre {{ background: #f5f7fa; padding: .5rem .7rem; margin: .5rem 0; white-space: pre-wrap; font-size: .8rem; }}
@media (max-width: 40rem) {{
  body {{ margin-top: 1rem; }}
  .broad {{ display: none; }}
  .narrow {{ display: block; }}
  dl {{ grid-template-columns: 1fr; gap: 0; }}
  dd {{ margin-bottom: .5rem; }}
  td .figures:not(.caption) {{ display: block; }}
  th:first-child, td:first-child {{ white-space: normal; min-width: 8rem; }}
}}
</style>
</head>
<body>
{sections}
</body>
</html>
"""
