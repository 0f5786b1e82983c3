"""Charts as inline SVG. Their colours are variables of the style sheet, so that they follow light and dark."""

import re
import statistics
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree

try:
    import altair as alt
    import vl_convert
except ModuleNotFoundError:
    alt = vl_convert = None  # type: ignore[assignment]  # need_charts() then refuses to go on

from duckhouse import cli
from duckhouse.reporting.content import Chart

Number = int | float | Decimal

BLUE, PALE, GREY, LIGHT, ORANGE, RED = (f"var(--{name})" for name in ("blue", "pale", "grey", "light", "orange", "red"))
FATES = {
    "current": BLUE,
    "replaced": GREY,
    "set aside": ORANGE,
    "retracted": PALE,
    "rejected": RED,
    "blank": LIGHT,
}
# one drawing for all screens: the style sheet scales it, from 0.75 on a phone to 1.25
WIDTH, HEIGHT, FONT_SIZE = 480, 200, 13
LEGEND_WIDTH, SYMBOL_WIDTH, LETTER_WIDTH = 320, 55, 8  # beside the names of an axis, where a chart has them
BAR_WIDTH, BAR_HEIGHT = 4, 24  # of a sparkline
FEW_TICKS = 8
MEASURED_FONT = "sans-serif"  # labels are cut by this font's widths; the page shows them in its own font
PADDING = {"left": 22, "top": 5, "right": 22, "bottom": 5}  # for names with letters wider than measured
ROOM = 20  # between words, because the page's font may be a fifth wider
TOWERING = 20  # times the median: in a linear chart the other days would be flat on the axis
DAY_AXIS: dict[str, Any] = {"title": None, "scale": alt and alt.Scale(type="utc")}
SVG = "http://www.w3.org/2000/svg"
PLACED = frozenset({"d", "height", "points", "transform", "viewBox", "width", "x", "x1", "x2", "y", "y1", "y2"})
NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Signs that a name may have and a drawing may not: the library that draws would end the process."""
LONG_NUMBER = re.compile(r"-?\d+\.\d{2,}")


def need_charts() -> None:
    if alt is None:
        raise cli.UserError("altair is not installed: pip install -c constraints.txt '.[report]', or make setup")


def line_chart(
    points: Sequence[tuple[date, str, Number]], title: str, number_format: str, colours: Mapping[str, str]
) -> Chart:
    """Lines of (day, series, value); the first series is dashed."""
    rows = [{"day": str(day), "series": series, "value": float(value)} for day, series, value in points]
    values = [float(value) for *_, value in points]
    one_towers = min(values) >= 0 and max(values) > TOWERING * statistics.median(values)
    if one_towers:
        title += ", log scale"
    scale = alt.Scale(type="symlog") if one_towers else alt.Scale(zero=True)
    chart = (
        alt.Chart(alt.Data(values=rows))
        .mark_line(point=True)
        .encode(
            x=alt.X("day:T", axis=time_axis("day", "%d %b", {day for day, *_ in points}), **DAY_AXIS),
            y=alt.Y("value:Q", title=title, axis=alt.Axis(format=number_format), scale=scale),
            color=series_colour(colours),
            strokeDash=alt.StrokeDash(
                "series:N", legend=None, scale=alt.Scale(domain=list(colours), range=[[5, 3], [1, 0]])
            ),
        )
    )
    return drawn(chart, f"{title} by day")


def months_chart(points: Sequence[tuple[date, Number, Number, Number]], title: str, number_format: str) -> Chart:
    """A line of (month, value, low, high) with its interval as a band."""
    rows = [
        {"month": str(month), "value": float(value), "low": float(low), "high": float(high)}
        for month, value, low, high in points
    ]
    base = alt.Chart(alt.Data(values=rows)).encode(
        x=alt.X("month:T", axis=time_axis("month", "%b %Y", {month for month, *_ in points}), **DAY_AXIS)
    )
    axis = alt.Y("low:Q", title=title, axis=alt.Axis(format=number_format), scale=alt.Scale(zero=False))
    band = base.mark_area(color=PALE, opacity=0.5).encode(y=axis, y2="high:Q")
    line = base.mark_line(point=alt.OverlayMarkDef(color=BLUE), color=BLUE).encode(y="value:Q")
    return drawn(band + line, f"{title} by month")


def days_chart(
    points: Sequence[tuple[date, str, Number]], title: str, number_format: str, colours: Mapping[str, str]
) -> Chart:
    """Stacked bars of (day, series, value), the first series at the bottom."""
    places = list(colours)
    rows = [
        {"day": str(day), "series": series, "value": float(value), "place": places.index(series)}
        for day, series, value in points
    ]
    axis = alt.Axis(format=number_format, tickMinStep=1 if number_format == "d" else 0)
    chart = (
        alt.Chart(alt.Data(values=rows))
        .mark_bar()
        .encode(
            x=alt.X(
                "day:T",
                timeUnit="utcyearmonthdate",
                axis=time_axis("day", "%d %b", {day for day, *_ in points}),
                **DAY_AXIS,
            ),
            y=alt.Y("value:Q", title=title, axis=axis),
            color=series_colour(colours),
            order=alt.Order("place:Q"),
        )
    )
    return drawn(chart, f"{title} by day")


def fates_chart(counts: Sequence[tuple[str, str, int]]) -> Chart:
    """Bars of (delivery, fate, records); the fates are those of FATES."""
    places = list(FATES)
    rows = [
        {"delivery": delivery, "series": fate, "value": int(count), "place": places.index(fate)}
        for delivery, fate, count in counts
    ]
    chart = (
        alt.Chart(alt.Data(values=rows))
        .mark_bar()
        .encode(
            y=alt.Y("delivery:N", title=None, sort=None),
            x=alt.X("value:Q", title="records", axis=alt.Axis(format="~s")),
            color=series_colour(FATES),
            order=alt.Order("place:Q"),
        )
    )
    return drawn(chart, "Records by delivery and what became of them", height=alt.Step(26))


def interval_chart(
    rows: Sequence[Mapping[str, Any]], title: str, number_format: str, label: str, from_zero: bool = True
) -> Chart:
    """Points (name, value) with their interval (low, high), and a second reading (other) beside them."""
    data = [{key: float(found) if isinstance(found, Decimal) else found for key, found in row.items()} for row in rows]
    names = list(dict.fromkeys(row["name"] for row in data))  # a row without an interval keeps its place
    base = alt.Chart(alt.Data(values=data)).encode(y=alt.Y("name:N", title=None, sort=names))
    axis = alt.Axis(format=number_format)
    low = alt.X("low:Q", title=title, axis=axis, scale=alt.Scale(zero=from_zero))
    bars = base.mark_rule(strokeWidth=2, color=PALE).encode(x=low, x2="high:Q")
    points = base.mark_point(filled=True, size=70, color=BLUE, opacity=1).encode(x="value:Q")
    others = base.mark_tick(thickness=3, size=14, color=ORANGE).encode(x="other:Q")
    return drawn(bars + points + others, label, height=alt.Step(22))


def shares_chart(rows: Sequence[tuple[str, str, Number]], colours: Mapping[str, str], label: str) -> Chart:
    """Bars of (name, series, value), each scaled to 100 %."""
    data = [{"name": name, "series": series, "value": float(value)} for name, series, value in rows]
    chart = (
        alt.Chart(alt.Data(values=data))
        .mark_bar()
        .encode(
            y=alt.Y("name:N", title=None, sort=None),
            x=alt.X("value:Q", title=None, stack="normalize", axis=alt.Axis(format=".0%")),
            color=series_colour(colours),
        )
    )
    return drawn(chart, label, height=alt.Step(22))


def sparkline(values: Sequence[int], label: str) -> Chart:
    """Small bars, each as high as its share of the highest."""
    highest, width = max(values), BAR_WIDTH * len(values)
    size = {"width": str(width), "height": str(BAR_HEIGHT), "viewBox": f"0 0 {width} {BAR_HEIGHT}"}
    root = ElementTree.Element("svg", {"class": "sparkline", "role": "img", "aria-label": label, **size})
    for place, value in enumerate(values):
        height = max(BAR_HEIGHT * value / highest, 1) if value else 0
        if height:
            corner = {"x": str(place * BAR_WIDTH), "y": f"{BAR_HEIGHT - height:.4g}"}
            ElementTree.SubElement(root, "rect", {**corner, "width": str(BAR_WIDTH - 1), "height": f"{height:.4g}"})
    return Chart(ElementTree.tostring(root, encoding="unicode"), label)


def time_axis(unit: str, labels: str, points: Collection[date]) -> Any:
    """A few points have one tick each: finer ticks would repeat labels. For many points the chart library chooses."""
    ticks: dict[str, Any] = {"tickCount": {"interval": unit, "step": 1}} if len(points) <= FEW_TICKS else {}
    return alt.Axis(format=labels, labelOverlap=True, labelSeparation=6, **ticks)


def series_colour(colours: Mapping[str, str]) -> Any:
    broadest = SYMBOL_WIDTH + LETTER_WIDTH * max(map(len, colours))
    return alt.Color(
        "series:N",
        scale=alt.Scale(domain=list(colours), range=list(colours.values())),
        legend=alt.Legend(title=None, orient="top", columns=max(LEGEND_WIDTH // broadest, 1)),
    )


def drawn(chart: Any, label: str, height: Any = HEIGHT) -> Chart:
    specification = (
        chart.properties(
            width=WIDTH,
            height=height,
            padding=PADDING,
            autosize=alt.AutoSizeParams(type="fit-x", contains="padding"),
        )
        .configure(aria=False, background="transparent", font=MEASURED_FONT)
        .configure_view(stroke=None)
        .configure_axis(
            labelColor="currentColor",
            titleColor="currentColor",
            labelFontSize=FONT_SIZE,
            titleFontSize=FONT_SIZE,
            titleFontWeight="normal",
            titlePadding=ROOM,
            gridColor="var(--line)",
            domainColor="var(--grey)",
            tickColor="var(--grey)",
        )
        .configure_axisY(labelLimit=130)
        .configure_legend(
            labelLimit=300, labelColor="currentColor", labelFontSize=FONT_SIZE, symbolSize=80, columnPadding=ROOM
        )
        .to_dict()
    )
    return Chart(scalable(vl_convert.vegalite_to_svg(drawable(specification))), label)


def drawable(value: Any) -> Any:
    """A specification with a replacement for signs that XML does not have."""
    if isinstance(value, dict):
        return {name: drawable(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [drawable(inner) for inner in value]
    return NO_XML.sub("\ufffd", value) if isinstance(value, str) else value


def scalable(svg: str) -> str:
    """The drawing without a fixed size, with numbers of one decimal: a screen shows no more."""
    ElementTree.register_namespace("", SVG)
    root = ElementTree.fromstring(svg)  # noqa: S314  # what vl_convert made
    for name in ("width", "height", "class"):
        root.attrib.pop(name, None)
    root.set("aria-hidden", "true")  # its figure has the label
    for element in root.iter():
        element.attrib.pop("font-family", None)
        for name in PLACED & element.attrib.keys():
            element.set(name, LONG_NUMBER.sub(lambda number: f"{float(number[0]):.1f}", element.attrib[name]))
    return ElementTree.tostring(root, encoding="unicode")
