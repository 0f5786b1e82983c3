"""The parts of a page: figures with what they were before, tables to download, charts. What data says is only text."""

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import streamlit as st
from altair.utils import schemapi

from dashboard import charts
from dashboard.asking import FIRST_ROWS, Asking, all_rows
from dashboard.filters import Period
from duckhouse.metrics import metrics
from duckhouse.reporting import formats
from duckhouse.warehouse.questions import Comparison, Condition, Question
from duckhouse.warehouse.reading import Row

MOST_ROWS = FIRST_ROWS - 1  # in a table on a page; a download has all
LONGEST_SHOWN, KEY_WIDTH = 24, 120  # characters of a key, and pixels of its column where one is longer
MICRO, LEAST_CENT = 0.000001, Decimal("0.01")
PUBLISHER = "publisher_name"
SMALL_SHARE = 0.1  # below it a tenth of a percent is too coarse
COLOURS: dict[bool | None, Any] = {True: "normal", False: "inverse", None: "off"}
MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:])")
FORMULA = re.compile(r"(?![+-]?\d+(?:\.\d+)?\Z)[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20].", re.DOTALL)
"""A text that a spreadsheet would compute; a number is none."""
ADDRESS = re.compile(r"https?(?=://)|www(?=\.)|[\w+.-](?=@)", re.IGNORECASE)
FORMATS: dict[str, Callable[[Any], str]] = {
    "usd": formats.dollars,
    "count": lambda number: "" if number is None else f"{number:,.0f}",  # an estimate is a decimal
    "share": lambda share: formats.percent(share, 1 if share is None or share >= SMALL_SHARE else 2),
    "rating": lambda value: "" if value is None else f"{value:.2f}",
}
BRINGS = {
    "ad serving": "python -m scripts.land ad_serving DIR",
    "consent": "python -m scripts.land consent DIR",
    "ad delivery": "python -m scripts.extract_postgres",
    "reviews": "python -m scripts.land reviews DIR",
    "telemetry": "python -m scripts.consume_kafka --once && python -m scripts.land telemetry",
}
"""A system, and the command that brings in its data."""


@dataclass(frozen=True)
class Tile:
    """A figure that no metric defines; `note` is its interval, or what it is a part of."""

    label: str
    figure: str
    note: str = ""
    description: str = ""


def headers(columns: Mapping[str, str]) -> dict[str, str]:
    """The headers of columns that have a name in the middle of a sentence."""
    return {column: f"{name[0].upper()}{name[1:]}" for column, name in columns.items()}


def tiles(*shown: Tile) -> None:
    for tile, place in zip(shown, st.columns(len(shown)), strict=True):
        place.metric(
            tile.label,
            tile.figure or "none",
            delta=tile.note or None,
            delta_color="off",
            delta_arrow="off",
            help=tile.description or None,
            border=True,
        )


def known_days(
    asking: Asking, view: str, system: str, *where: Condition, column: str = "event_date"
) -> tuple[date, date] | None:
    """The first and the last day of a view; where it has none, the page says why and what to do."""
    if asking.has(view):
        ends = {"first_day": f"min({column})", "last_day": f"max({column})", "days": "count(*)"}
        found = asking.one(Question(view, measures=ends, where=where))
        if found.days:
            return found.first_day, found.last_day
    st.info(f"Nothing of {system} is published yet. This brings its data in, and dbt build publishes it:")
    st.code(BRINGS[system], language=None)
    return None


def plain(text: str) -> str:
    """Text from data, for a place where Streamlit reads Markdown. That makes links of addresses, even of escaped ones,
    but not where an invisible sign is in them."""
    return MARKDOWN.sub(r"\\\1", ADDRESS.sub("\\g<0>\u2060", text))


def figures(row: Row, names: Sequence[str], good: Mapping[str, bool] | None = None) -> None:
    """A tile for each metric of a comparison or a question: its figure, and by how much it changed. `good` says of a
    metric whether more of it is good (usual), or bad; a metric that it does not name is neither."""
    for name, place in zip(names, st.columns(len(names)), strict=True):
        tile(place, row, name, good)


def tile(place: Any, row: Row, name: str, good: Mapping[str, bool] | None = None, title: str = "") -> None:
    """The tile of one metric, under its label or a title."""
    metric, before = metrics()[name], getattr(row, f"{name}_before", None)
    place.metric(
        title or metric.label,
        FORMATS[metric.unit](getattr(row, name)) or "none",
        delta=changed(row, name, metric.unit) if before is not None else None,
        delta_color=COLOURS[(good or {}).get(name)],
        delta_description=f"from {FORMATS[metric.unit](before)}" if before is not None else None,
        help=metric.description,
        border=True,
    )


def link(path: str, label: str, **filters: str) -> None:
    """A link to a page of the dashboard, with filters set."""
    page = st.Page(lambda: None, title=path or "Overview", url_path=path)
    st.page_link(page, label=plain(label), query_params=filters)


def link_that_keeps(path: str, when: Period, **usual: str) -> None:
    """A link to the page as it is now: its address lacks what is usual, and that is another day after a delivery."""
    filters = {**st.query_params.to_dict(), **dict(when.chosen), **usual}
    link(path, "Link to this page that shows the same days after the next delivery", **filters)


def asked(names: Sequence[str], view: str | None = None) -> dict[str, str]:
    """Metrics as the measures of a question about their view, or about another one that has their columns."""
    known = metrics()
    return {name: known[name].over(view or known[name].view) for name in names}


def compared(question: Question, period: Period, column: str = "event_date") -> Question | Comparison:
    """The question about a period, compared with the one before it where there is one."""
    now, before = period.within(column), period.earlier(column)
    return Comparison(question, now, before) if before else question.narrowed(now)


def changed(row: Row, name: str, unit: str) -> str | None:
    """By how much a metric changed: a rate in points, a rating in stars, all else in percent."""
    if unit == "share":
        change = getattr(row, f"{name}_change")
        return None if change is None else f"{change * 100:+.2f} pts"
    if unit == "rating":
        change = getattr(row, f"{name}_change")
        return None if change is None else f"{change:+.2f}"
    change = getattr(row, f"{name}_change_share")
    return None if change is None else f"{change:+.1%}"


def table(asking: Asking, question: Question | Comparison, title: str, labels: Mapping[str, str]) -> None:
    """The first rows of an answer, how many there are, and all of them to download as CSV or Parquet. `labels` names
    the columns that are shown, in this order."""
    shown = asking.table(question.limited(MOST_ROWS + 1))
    if not shown.num_rows:
        st.info(f"{plain(title)}: there are none.")
        return
    more = shown.num_rows > MOST_ROWS
    labels = {name: told for name, told in labels.items() if name in shown.column_names}
    st.dataframe(
        with_durations(with_names(shown.slice(0, MOST_ROWS))),
        hide_index=True,
        column_order=list(labels),
        column_config={name: column(name, told, shown[name]) for name, told in labels.items()},
        placeholder="",
        alt=title,
    )
    note, as_csv, as_parquet = st.columns([4, 1, 1])
    note.caption(f"The first {MOST_ROWS} rows; a download has all of them." if more else counted(shown.num_rows))
    name = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    for place, kind, written in ((as_csv, "csv", csv_of), (as_parquet, "parquet", parquet_of)):
        place.download_button(
            {"csv": "CSV", "parquet": "Parquet"}[kind],
            partial(download, asking.target, question, written),
            file_name=f"{name}.{kind}",
            key=f"{name}.{kind}",
            on_click="ignore",
            icon=":material/download:",
        )


def download(target: str, question: Question | Comparison, written: Callable[[pa.Table], bytes]) -> bytes:
    return written(all_rows(target, question))


def with_names(shown: pa.Table) -> pa.Table:
    """The table with a word for publishers that no delivery describes."""
    if PUBLISHER not in shown.column_names:
        return shown
    place = shown.column_names.index(PUBLISHER)
    return shown.set_column(place, PUBLISHER, pc.fill_null(shown[PUBLISHER].cast(pa.string()), "(unknown publisher)"))


def with_durations(shown: pa.Table) -> pa.Table:
    """The table with spans of time in words, which it has no format for."""
    for place, name in enumerate(shown.column_names):
        if name.endswith("_seconds"):
            told = pa.array(map(formats.duration, shown[name].to_pylist()), pa.string())
            shown = shown.set_column(place, name, told)
    return shown


def counted(rows: int) -> str:
    return formats.counted(rows, "row")


def column(name: str, told: str, values: pa.ChunkedArray) -> Any:
    """How a column looks, by its name and type."""
    kind = values.type
    if pa.types.is_decimal(kind) or pa.types.is_floating(kind):
        if is_money(name):
            is_small = is_change(name) or any(map(is_below_a_cent, values.to_pylist()))
            return st.column_config.NumberColumn(told, format="dollar", step=MICRO if is_small else None)
        if is_share(name):
            return st.column_config.NumberColumn(told, format="percent", step=MICRO if is_change(name) else None)
        return st.column_config.NumberColumn(told, format="localized" if pa.types.is_decimal(kind) else "%.2f")
    if name == "month" or name.endswith("_month"):
        return st.column_config.DateColumn(told, format="YYYY-MM")
    if is_long_key(name, values):
        return st.column_config.TextColumn(told, width=KEY_WIDTH)
    if pa.types.is_integer(kind):
        return st.column_config.NumberColumn(told, format="localized")
    return told


def is_long_key(name: str, values: pa.ChunkedArray) -> bool:
    """Whether a column of keys would take the width of a phone: its cells show their beginning, and all of it once
    they are opened."""
    if not (name.endswith(("_id", "_key")) and pa.types.is_string(values.type)):
        return False
    return (pc.max(pc.utf8_length(values)).as_py() or 0) > LONGEST_SHOWN


def is_change(name: str) -> bool:
    """Whether six digits are shown: a change may be less than a cent, and less than a tenth of a percent."""
    kept = ("revenue_usd_before", "revenue_usd_after", "restated_share")
    return name in kept or name.endswith("_difference") or "_restated" in name


def is_below_a_cent(amount: Any) -> bool:
    return bool(amount) and abs(amount) < LEAST_CENT


def is_money(name: str) -> bool:
    return ("_usd" in name or name.startswith(("impact_amount", "revenue_"))) and not name.endswith("_share")


def is_share(name: str) -> bool:
    if name.startswith("change_of_"):
        return not name.endswith("_in_points")
    return re.search(r"(^|_)(share|rate|ctr|coverage|ratio|viewability|per_offer|shift)(_|$)", name) is not None


def csv_of(found: pa.Table) -> bytes:
    """For spreadsheets: a text that one would compute as a formula has an apostrophe before it."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(found.column_names)
    writer.writerows([text_of(value) for value in row.values()] for row in found.to_pylist())
    return out.getvalue().encode()


def text_of(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, str) and FORMULA.match(value):
        return f"'{value}"
    return value.isoformat(sep=" ") if isinstance(value, datetime) else value


def parquet_of(found: pa.Table) -> bytes:
    out = io.BytesIO()
    pq.write_table(found, out)
    return out.getvalue()


def chart(drawn: charts.Chart, says: str) -> None:
    """A chart, and what it shows in words, for those who cannot see it. It is checked where charts are (see app.py)."""
    readable = {"labelColor": charts.TEXT, "titleColor": charts.TEXT}
    spec = drawn.to_dict(validate=schemapi.DEBUG_MODE)
    st.vega_lite_chart({**spec, "config": {"axis": readable, "legend": readable}}, alt=says)
