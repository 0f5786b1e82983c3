"""What chapters share: the views they read, the days and rows they show, and the page as text."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from typing import Any, TypeVar

from jinja2 import Environment, PackageLoader, StrictUndefined

from duckhouse.reporting import charts, formats
from duckhouse.reporting.content import Chapter as Chapter
from duckhouse.reporting.content import Chart as Chart
from duckhouse.reporting.content import Code as Code
from duckhouse.reporting.content import Fact as Fact
from duckhouse.reporting.content import Facts as Facts
from duckhouse.reporting.content import Folded as Folded
from duckhouse.reporting.content import Link as Link
from duckhouse.reporting.content import Part as Part
from duckhouse.reporting.content import Section as Section
from duckhouse.reporting.content import Table as Table
from duckhouse.reporting.content import Text as Text
from duckhouse.reporting.content import slug as slug
from duckhouse.warehouse import blocked

DAYS_LATEST_FIRST = "Days, the latest first; those after the latest delivery come last"
T = TypeVar("T")
MOST_DAYS = 60  # in a chart by day: drawing takes seconds for a year, and does not finish for half a century
RECORD_HEADERS = (
    "delivery",
    "delivered at",
    "files",
    "read",
    "current",
    "replaced",
    "set aside",
    "retracted",
    "rejected",
    "blank",
)

# a row of a view: columns by name, such as row.event_date
Row = Any
# a list of rows for each view of a chapter, by the chapter's name for the view; None for a quality view that is not
# built
Found = Mapping[str, Any]


@dataclass(frozen=True)
class View:
    """A view of schema reporting. A `quality` view is read where the rules are built; elsewhere its rows are None."""

    name: str
    order_by: tuple[str, ...] = ()
    quality: bool = False


def latest_days(days: Sequence[Row], last_delivery: date) -> tuple[list[Row], str]:
    """Of rows with an event_date, those to draw, and a note on the others. The last day is the latest one not after the
    delivery: with days from clocks that run ahead or start in 1970, all other days would shrink to a line."""
    last = max((row.event_date for row in days if row.event_date <= last_delivery), default=last_delivery)
    first = days_before(last, MOST_DAYS - 1)
    earlier, later = sum(row.event_date < first for row in days), sum(row.event_date > last for row in days)
    others = [f"{earlier:,} before {first}"] * bool(earlier)
    others += [f"{later:,} later than the latest delivery"] * bool(later)
    note = f" Days not drawn: {', '.join(others)}; they are in the table of days." if others else ""
    return [row for row in days if first <= row.event_date <= last], note


def latest_first(days: Sequence[Row]) -> list[Row]:
    """Days with is_after_last_delivery in the order of a table: days from clocks that run ahead come last."""
    return sorted(days, key=lambda row: (row.is_after_last_delivery, -row.event_date.toordinal()))


def days_before(day: date, number: int) -> date:
    """The day so many days earlier, but never before year 1, where the calendar starts."""
    return day - timedelta(days=min(number, (day - date.min).days))


def first_rows(rows: Sequence[T], most: int, others: str) -> tuple[Sequence[T], str]:
    """Of rows in their order, those to show, and a note that counts the others."""
    more = len(rows) - most
    return rows[:most], f" Left out: {more:,} {others}." if more > 0 else ""


def records_section(records: Sequence[Row]) -> Section:
    """What became of the records of each delivery: rows with delivery_id, delivered_at, files, records_read and, for
    each of charts.FATES, records_current, _replaced, _set_aside, _retracted (of files), _rejected, _blank."""
    fates = [(row, zip(charts.FATES, fates_of(row), strict=True)) for row in records]
    bars = [(str(row.delivery_id), fate, number) for row, of_row in fates for fate, number in of_row]
    rows = (
        (
            row.delivery_id,
            formats.moment(row.delivered_at),
            formats.count(row.files),
            formats.count(row.records_read),
            *map(formats.count, fates_of(row)),
        )
        for row in records
    )
    return Section(
        "Is every record accounted for?",
        [charts.fates_chart(bars), Table("Records by delivery", RECORD_HEADERS, rows)],
        "Every record of every events file, counted from the raw bytes, and what became of it.",
        folded=True,
    )


def fates_of(row: Row) -> tuple[int, ...]:
    return (
        row.records_current,
        row.records_replaced,
        row.records_set_aside,
        getattr(row, "records_retracted", 0),
        row.records_rejected,
        row.records_blank,
    )


def retraction_of(row: Row) -> str:
    """Which delivery a delivery takes back, and why; empty where it brings records."""
    return f"{row.retracted_delivery_id}: {row.retraction_reason}" if row.retracted_delivery_id else ""


def records_read(records: Sequence[Row]) -> str:
    return formats.count(sum(row.records_read for row in records))


def accounted(records: Sequence[Row]) -> str:
    """How many of the records that were read have a known result."""
    read, known = sum(row.records_read for row in records), sum(sum(fates_of(row)) for row in records)
    return f"{'all' if read == known else formats.count(known)} accounted for"


def records_fact(records: Sequence[Row]) -> Fact:
    return Fact("records read", records_read(records), accounted(records))


def environment() -> Environment:
    made = Environment(
        loader=PackageLoader("duckhouse.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name in ("count", "counted", "moment", "money", "words"):
        made.filters[name] = getattr(formats, name)
    made.filters["slug"] = slug
    for told in (blocked.headline, blocked.by_rule, blocked.untold, blocked.ways_on):
        made.filters[told.__name__] = told
    return made


def rendered(title: str, overview: Any, chapters: Sequence[Chapter]) -> str:
    """The page, with its style and script inline. Its policy allows only these two, by their hash."""
    templates = environment()
    files = {"style": "page.css", "script": "page.js"}
    inline = {name: templates.get_template(file).render().strip() for name, file in files.items()}
    policy = "; ".join(["default-src 'none'", *(f"{name}-src '{hashed(text)}'" for name, text in inline.items())])
    anchors = {anchor for chapter in chapters for anchor in chapter.anchors()}
    shown = {"title": title, "overview": overview, "chapters": chapters, "anchors": anchors}
    return templates.get_template("page.html").render(**shown, **inline, policy=policy)


def hashed(text: str) -> str:
    """The name of an inline style or script in a content security policy."""
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
