"""Charts of rows of views, in the colours of the theme. What is drawn is chosen here; no figure is computed."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, TypeAlias

import altair as alt

from duckhouse.warehouse.reading import Row

alt.theme.enable("none")  # Streamlit has the theme, and Altair's would give charts a width
FORMATS = {"usd": "$,.2f", "micros": "$,.6~f", "count": ",.0f", "share": ".2~%", "rating": ".2f", "number": ",.2~f"}
DASHES = [[1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [1, 3]]
HEIGHT, ROW_HEIGHT, LONGEST_NAME = 280, 26, 140
HALF_A_LINE = 6  # of an axis label
FEW_TICKS = 8  # that many points have a tick each; for more the library chooses
MEASURED, UNSURE = "enough", "small sample"
Chart: TypeAlias = Any
TEXT = "#4a5560"  # labels of the library are too pale to be read easily
"""What Altair calls it differs with what it is made of."""
At: TypeAlias = str | Callable[[Row], date | datetime]
"""The column of a day, a month or a time, or a function of a row that gives it."""
LEGEND = alt.Legend(title=None, orient="top", columns=2)  # two fit on a phone
GREY = "#7b8794"  # seen on light and on dark
BLUE, PALE, PURPLE, ORANGE, RED = "#0b6e99", "#4a86a5", "#6d4c9f", "#c77700", "#c0392b"
PALER = 0.6  # so that black numbers are read on every colour
LEAST_LABELLED = 0.1  # a shorter part of a bar has no room for its number
TICK_COLOURS = alt.Scale(range=["#c77700", GREY])


def lines(rows: Iterable[Row], x: At, series: Mapping[str, str], unit: str, interval: bool = False) -> Chart:
    """A line over days, months or times for each column of `series` (column: its name). With `interval` a band from
    <column>_low to <column>_high is drawn around each."""
    points = [point for row in rows for point in points_of(row, x, series, interval)]
    return lines_of(points, list(series.values()), unit, interval)


def lines_by(rows: Iterable[Row], x: At, name: str, value: str, unit: str) -> Chart:
    """A line of the column `value` for each value of the column `name`."""
    points = [{**point, "series": getattr(row, name)} for row in rows for point in points_of(row, x, {value: ""})]
    return lines_of(points, list(dict.fromkeys(point["series"] for point in points)), unit)


def lines_of(points: Sequence[Mapping[str, Any]], names: Sequence[str], unit: str, interval: bool = False) -> Chart:
    base = alt.Chart().encode(x=time(points), color=colour(names), tooltip=told(points, unit, interval))
    dash = alt.StrokeDash("series:N", scale=alt.Scale(domain=names, range=DASHES), legend=None)
    line = base.mark_line(point=alt.OverlayMarkDef(size=40)).encode(y=axis("value:Q", unit), strokeDash=dash)
    band = base.mark_area(opacity=0.25).encode(y=axis("low:Q", unit), y2="high:Q")
    return alt.layer(*([band] if interval else []), line, data=alt.Data(values=points)).properties(height=HEIGHT)


def bars(rows: Iterable[Row], x: At, series: Mapping[str, str], unit: str) -> Chart:
    """Bars over days, months or times, the columns of `series` (column: its name) stacked, the first at the bottom."""
    points = [point for row in rows for point in points_of(row, x, series)]
    return (
        alt.Chart(alt.Data(values=points))
        .mark_bar()
        .encode(
            x=time(points, "utcyearmonthdate"),
            y=axis("value:Q", unit),
            color=colour(list(series.values())),
            order="place:Q",
            tooltip=told(points, unit),
        )
        .properties(height=HEIGHT)
    )


def is_small_sample(row: Row) -> bool:
    return bool(getattr(row, "is_small_sample", False))


def intervals(
    rows: Sequence[Row],
    name: Sequence[str],
    value: str,
    unit: str,
    title: str,
    is_unsure: Callable[[Row], bool] = is_small_sample,
) -> Chart:
    """A point for each row, named by `name`, with a line from <value>_low to <value>_high where there is an interval.
    A row of a small sample has a hollow point."""
    points = [
        {
            "name": told,
            **figures_of(row, {"value": value, "low": f"{value}_low", "high": f"{value}_high"}),
            "sample": UNSURE if is_unsure(row) else MEASURED,
        }
        for row, told in zip(rows, name, strict=True)
    ]
    base = alt.Chart().encode(
        y=alt.Y("name:N", title=None, sort=list(dict.fromkeys(name)), axis=alt.Axis(labelLimit=LONGEST_NAME)),
        tooltip=[alt.Tooltip("name:N", title="of"), *told_figures(unit, True), alt.Tooltip("sample:N", title="sample")],
    )
    low = alt.X("low:Q", title=title, axis=ticks_of(unit), scale=alt.Scale(zero=False))
    rule = base.mark_rule(strokeWidth=2, color=GREY).encode(x=low, x2="high:Q")
    shape = alt.Shape(
        "sample:N",
        scale=alt.Scale(domain=[MEASURED, UNSURE], range=["circle", "diamond"]),
        legend=LEGEND if any(point["sample"] == UNSURE for point in points) else None,
    )
    fill = alt.condition(alt.datum.sample == UNSURE, alt.value(0), alt.value(1))
    mark = base.mark_point(size=70, filled=False, strokeWidth=2).encode(x="value:Q", shape=shape)
    inner = base.mark_point(size=70, filled=True).encode(x="value:Q", shape=shape, opacity=fill)
    return alt.layer(rule, inner, mark, data=alt.Data(values=points)).properties(height=alt.Step(ROW_HEIGHT))


def shares(rows: Iterable[Sequence[Any]], series: Sequence[str], colours: Sequence[str] = ()) -> Chart:
    """Bars of (name, series, value), each as long as 100 %, its parts in the order of `series`, with their counts. A
    line end in a name begins a second line. `colours` are those of the series, else of the theme."""
    found = list(rows)
    wholes = {of: sum(float(value) for name, _, value in found if name == of) for of in {name for name, *_ in found}}
    parts = [
        {
            "name": name,
            "series": part,
            "value": float(value),
            "place": series.index(part),
            "label": f"{value:,.0f}" if value >= LEAST_LABELLED * wholes[name] else "",
        }
        for name, part, value in found
    ]
    are_two_lines = any("\n" in name for name in wholes)
    lines = alt.Axis(
        labelLimit=LONGEST_NAME,
        labelExpr=r"split(datum.label, '\n')",
        labelOffset=-HALF_A_LINE if are_two_lines else 0,
    )
    base = alt.Chart().encode(
        y=alt.Y("name:N", title=None, sort=None, axis=lines),
        order="place:Q",
        tooltip=[
            alt.Tooltip("name:N", title="of"),
            alt.Tooltip("series:N", title="part"),
            alt.Tooltip("value:Q", format=",.0f"),
        ],
    )
    filled = base.mark_bar(opacity=PALER).encode(
        x=alt.X("value:Q", title=None, stack="normalize", axis=alt.Axis(format=".0%", grid=False)),
        color=colour(series, colours),
    )
    labelled = base.mark_text(color="black").encode(
        x=alt.X("value:Q", stack="normalize", bandPosition=0.5), detail="series:N", text="label:N"
    )
    height = alt.Step(ROW_HEIGHT + are_two_lines * HALF_A_LINE)
    return alt.layer(filled, labelled, data=alt.Data(values=parts)).properties(height=height)


def bullets(
    rows: Sequence[Row], name: Sequence[str], bar: tuple[str, str], ticks: Mapping[str, str], unit: str
) -> Chart:
    """A bar for each row, the column and name of `bar`, and a tick for each column of `ticks` (column: its name)."""
    column, title = bar
    bars = [{"name": told, **figures_of(row, {"value": column})} for row, told in zip(rows, name, strict=True)]
    marks = [
        {"name": told, "series": mark, **figures_of(row, {"value": column})}
        for row, told in zip(rows, name, strict=True)
        for column, mark in ticks.items()
    ]
    y = alt.Y("name:N", title=None, sort=list(dict.fromkeys(name)), axis=alt.Axis(labelLimit=LONGEST_NAME))
    x = alt.X("value:Q", title=title, axis=alt.Axis(format=FORMATS[unit].replace(".2f", "~f"), labelOverlap=True))
    of = alt.Tooltip("name:N", title="of")
    filled = (
        alt.Chart(alt.Data(values=bars))
        .mark_bar(opacity=0.8, size=12)
        .encode(y=y, x=x, tooltip=[of, alt.Tooltip("value:Q", title=title, format=FORMATS[unit])])
    )
    lined = (
        alt.Chart(alt.Data(values=marks))
        .mark_point(size=160, strokeWidth=3, filled=False)
        .encode(
            y=y,
            x="value:Q",
            shape=alt.Shape(
                "series:N", scale=alt.Scale(domain=list(ticks.values()), range=["stroke", "diamond"]), legend=LEGEND
            ),
            angle=alt.value(90),
            color=alt.Color("series:N", sort=list(ticks.values()), scale=TICK_COLOURS, legend=LEGEND),
            tooltip=[of, alt.Tooltip("series:N", title="is"), alt.Tooltip("value:Q", format=FORMATS[unit])],
        )
    )
    return alt.layer(filled, lined).properties(height=alt.Step(ROW_HEIGHT))


def points_of(row: Row, x: At, series: Mapping[str, str], interval: bool = False) -> Iterable[dict[str, Any]]:
    """What a row has to draw: a point for each series that has a value."""
    at = getattr(row, x) if isinstance(x, str) else x(row)
    for place, (column, name) in enumerate(series.items()):
        if getattr(row, column) is None:
            continue
        ends = {"low": f"{column}_low", "high": f"{column}_high"} if interval else {}
        yield {
            "x": written(at),
            "when": str(at),
            "series": name,
            "place": place,
            **figures_of(row, {"value": column, **ends}),
        }


def figures_of(row: Row, columns: Mapping[str, str]) -> dict[str, float]:
    """The columns that have a value, as charts take them."""
    found = {name: getattr(row, column, None) for name, column in columns.items()}
    return {name: float(value) for name, value in found.items() if value is not None}


def written(at: date | datetime | str) -> str:
    """A time as charts read it: UTC."""
    return f"{at.isoformat()}Z" if isinstance(at, datetime) else str(at)


def time(points: Sequence[Mapping[str, Any]], unit: str | None = None) -> alt.X:
    moments = {point["x"] for point in points}
    few: dict[str, Any] = {"values": sorted(moments)} if len(moments) <= FEW_TICKS else {}
    has_hours = any(len(moment) > len("2026-01-01") for moment in moments)
    are_months = len(moments) > 1 and all(moment.endswith("-01") for moment in moments)
    labels = "%d %b %H:%M" if has_hours else "%b %Y" if are_months else "%d %b"
    given: dict[str, Any] = {"timeUnit": unit} if unit and not has_hours else {}
    return alt.X(
        "x:T",
        title=None,
        scale=alt.Scale(type="utc"),
        axis=alt.Axis(format=labels, labelOverlap=True, labelSeparation=6, **few),
        **given,
    )


def axis(field: str, unit: str) -> alt.Y:
    """Counts and money begin at 0; a rate or a rating would be flat if it did."""
    scale = alt.Scale(zero=unit in ("count", "usd", "micros"))
    return alt.Y(field, title=None, axis=ticks_of(unit), scale=scale)


def ticks_of(unit: str) -> alt.Axis:
    """Counts are whole: a tick between two of them would have the label of one."""
    whole: dict[str, Any] = {"tickMinStep": 1} if unit == "count" else {}
    return alt.Axis(format=FORMATS[unit], **whole)


def colour(names: Sequence[str], colours: Sequence[str] = ()) -> alt.Color:
    given: dict[str, Any] = {"scale": alt.Scale(domain=list(names), range=list(colours))} if colours else {}
    return alt.Color("series:N", sort=list(names), legend=LEGEND if len(names) > 1 else None, **given)


def told(points: Sequence[Mapping[str, Any]], unit: str, interval: bool = False) -> list[alt.Tooltip]:
    several = len({point["series"] for point in points}) > 1
    named = [alt.Tooltip("series:N", title="of")] if several else []
    return [alt.Tooltip("when:N", title="at"), *named, *told_figures(unit, interval)]


def told_figures(unit: str, interval: bool) -> list[alt.Tooltip]:
    names = ("value", "low", "high") if interval else ("value",)
    return [alt.Tooltip(f"{name}:Q", format=FORMATS[unit]) for name in names]
