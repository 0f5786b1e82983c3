"""The parts of a page: sections, tables and charts as inline SVG. Everything that comes from data is escaped."""

import html
import statistics
from collections.abc import Iterable, Mapping
from typing import Any

try:
    import altair as alt
    import vl_convert
except ModuleNotFoundError:
    alt = vl_convert = None

from scripts.common import cli

CHART_WIDTH = 860
CHART_HEIGHT = 240
TOWERING = 20  # times the median: the other days would lie flat on the axis of a linear chart
FATES = {
    "current": "#0b6e99",
    "replaced by a later record": "#9aa5b1",
    "set aside": "#e0a030",
    "rejected": "#c0392b",
    "blank": "#dfe3e8",
}
RECORD_HEADERS = ("delivery", "delivered at", "files", "read", "current", "replaced", "set aside", "rejected", "blank")


def need_charts() -> None:
    if alt is None:
        raise cli.UserError("altair is not installed: pip install -c constraints.txt '.[report]', or make setup")


def line_chart(points: list[tuple], title: str, number_format: str, colours: Mapping[str, str]) -> str:
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
            x=alt.X("day:T", title=None, axis=alt.Axis(format="%d %b", labelOverlap=True, tickCount="day")),
            y=alt.Y("value:Q", title=title, axis=alt.Axis(format=number_format), scale=scale),
            color=series_colour(colours),
            strokeDash=alt.StrokeDash(
                "series:N", legend=None, scale=alt.Scale(domain=list(colours), range=[[5, 3], [1, 0]])
            ),
        )
    )
    return svg(chart, f"{title} by day")


def fates_chart(counts: list[tuple]) -> str:
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


def interval_chart(rows: list[dict[str, Any]], title: str, number_format: str, label: str) -> str:
    """Points (name, value) with their interval (low, high), and a second reading (other) beside them."""
    base = alt.Chart(alt.Data(values=rows)).encode(y=alt.Y("name:N", title=None, sort=None))
    axis = alt.Axis(format=number_format)
    bars = base.mark_rule(strokeWidth=2, color="#9ac4d8").encode(x=alt.X("low:Q", title=title, axis=axis), x2="high:Q")
    points = base.mark_point(filled=True, size=70, color="#0b6e99", opacity=1).encode(x="value:Q")
    others = base.mark_tick(thickness=3, size=14, color="#e0a030").encode(x="other:Q")
    return svg(bars + points + others, label, height=alt.Step(22))


def shares_chart(rows: list[tuple], colours: Mapping[str, str], label: str) -> str:
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


def series_colour(colours: dict[str, str]) -> Any:
    return alt.Color(
        "series:N",
        scale=alt.Scale(domain=list(colours), range=list(colours.values())),
        legend=alt.Legend(title=None, orient="top", columns=3),
    )


def svg(chart: Any, label: str, height: Any = CHART_HEIGHT) -> str:
    specification = chart.properties(width=CHART_WIDTH, height=height).configure_view(stroke=None).to_dict()
    drawing = vl_convert.vegalite_to_svg(specification)
    return f'<figure role="img" aria-label="{html.escape(label)}">{drawing}</figure>'


def heading(text: str) -> str:
    return f"<h1>{html.escape(text)}</h1>"


def section(title: str, body: str, note: str = "") -> str:
    lead = f"<p>{html.escape(note)}</p>" if note else ""
    return f"<section><h2>{html.escape(title)}</h2>{lead}{body}</section>"


def records_section(records: list[tuple]) -> str:
    """What became of the records: rows of delivery, moment, files, read, and one count for each of FATES."""
    fates = [(row[0], fate, count) for row in records for fate, count in zip(FATES, row[4:9], strict=True)]
    rows = ((row[0], f"{row[1]:%Y-%m-%d %H:%M}", *(f"{count:,}" for count in row[2:9])) for row in records)
    return section(
        "Records accounted for",
        fates_chart(fates) + table(RECORD_HEADERS, rows),
        "Every record of every events file, counted from the raw bytes, and what became of it.",
    )


def definitions(items: list[tuple[str, str]]) -> str:
    return "<dl>" + "".join(f"<dt>{html.escape(n.strip())}</dt><dd>{html.escape(v)}</dd>" for n, v in items) + "</dl>"


def table(headers: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    head = "".join(f"<th>{html.escape(header)}</th>" for header in headers)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


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
h1 {{ font-size: 1.6rem; margin-top: 3rem; }}
h2 {{ font-size: 1.2rem; margin-top: 2.5rem; border-bottom: 1px solid #dfe3e8; }}
figure {{ margin: 1rem 0; }}
figure svg {{ width: 100%; height: auto; }}
dl {{ display: grid; grid-template-columns: minmax(10rem, max-content) 1fr; gap: .2rem 1.5rem; }}
dt {{ color: #52606d; }}
dd {{ margin: 0; font-variant-numeric: tabular-nums; }}
.wide {{ overflow-x: auto; }}
table {{ border-collapse: collapse; font-size: .875rem; width: 100%; font-variant-numeric: tabular-nums; }}
th, td {{ text-align: right; padding: .25rem .6rem; border-bottom: 1px solid #eef1f4; white-space: nowrap; }}
th:first-child, td:first-child {{ text-align: left; }}
</style>
</head>
<body>
{sections}
</body>
</html>
"""
