"""Deliveries: is every record accounted for, what came when, and what did a delivery change?"""

from collections.abc import Mapping, Sequence

import streamlit as st

from dashboard import charts, parts
from dashboard.asking import Asking
from dashboard.filters import choice, named, only
from dashboard.parts import Tile, plain
from dashboard.staged import in_staging
from duckhouse.reporting.formats import count, moment
from duckhouse.reporting.overview import WITHOUT_RULES
from duckhouse.warehouse.questions import Condition, In, Question
from duckhouse.warehouse.reading import Row
from duckhouse.wording import delivered

TITLE = "Deliveries"
ICON = ":material/local_shipping:"

DELIVERIES, FINDINGS = "rpt_quality_deliveries", "rpt_quality_findings"
FILES, FAULTY = "rpt_quality_files", "rpt_quality_faulty_records"
FATES = {
    "records_current": "current",
    "records_replaced": "replaced",
    "records_deleted": "deleted",
    "records_set_aside": "set aside",
    "records_rejected": "rejected",
    "records_blank": "blank",
    "records_unaccounted": "unaccounted for",
}
COLOURS = {
    "current": charts.BLUE,
    "replaced": charts.PALE,
    "deleted": charts.PURPLE,
    "set aside": charts.ORANGE,
    "rejected": charts.RED,
    "blank": charts.GREY,
    "unaccounted for": charts.TEXT,
}
MOST_DRAWN = 30  # deliveries
LABELS = {
    "source_label": "System",
    "delivered_at": "Delivered at, UTC",
    "files": "Event files",
    "records_read": "Event records",
    **{column: told.capitalize() for column, told in FATES.items()},
    "adds_up": "Adds up",
    "other_files": "Other files",
    "other_records_read": "Other records",
    "latest_day": "Latest day",
    "days_behind": "Days behind",
    "brings_later_day": "Brings a later day",
    "delivery_id": "Delivery",
}
PUBLISHER_CHANGES = {
    "event_date": "Day",
    "publisher_name": "Publisher",
    "publisher_id": "Id",
    "revenue_usd_before": "Before, $",
    "revenue_usd_after": "After, $",
    "revenue_usd_difference": "Change, $",
    "events_late": "Late",
    "events_changed": "Changed",
    "events_set_to_null": "Set to NULL",
    "events_moved_in": "Moved in",
    "events_moved_out": "Moved out",
}
COMPANY_CHANGES = {
    "event_date": "Day",
    "company_id": "Company",
    "industry": "Industry",
    "opt_in_rate_before": "Opt-in rate before",
    "opt_in_rate": "Opt-in rate",
    "opt_in_rate_low": "At least",
    "opt_in_rate_high": "At most",
    "events_late": "Late",
    "events_reweighed": "Reweighed",
    "events_consent_changed": "Consent changed",
    "events_moved_in": "Moved in",
    "events_moved_out": "Moved out",
}
TABLE_CHANGES = {
    "table_name": "Table",
    "mode": "Mode",
    "source_rows": "Rows there",
    "warehouse_rows": "Rows here",
    "adds_up": "Adds up",
    "new_rows": "New",
    "changed_rows": "Changed",
    "deleted_rows": "Deleted",
}
RESTATED = (In("publication", ("restatement",)),)
CHANGES: Mapping[str, tuple[str, str, tuple[Condition, ...], Mapping[str, str]]] = {
    "ad_serving": ("rpt_ad_serving_restatements", "Published days that it changed", RESTATED, PUBLISHER_CHANGES),
    "consent": ("rpt_consent_restatements", "Published days that it changed", RESTATED, COMPANY_CHANGES),
    "ad_delivery": ("rpt_ad_delivery_extractions", "Tables that it read", (), TABLE_CHANGES),
}
"""Of a system, the view that says what a delivery changed, with its columns."""
WITH_REVENUE = "rpt_ad_serving_faulty_records"
WITH_REVENUE_LABELS = {
    "reason": "Reason",
    "fate": "Fate",
    "entity": "Files of",
    "records": "Records",
    "share_of_records": "Share of them",
    "revenue_usd": "Revenue, $",
    "first_place": "First place",
}
FAULTY_LABELS = {
    "reason": "Reason",
    "fate": "Fate",
    "records": "Records",
    "in_files": "Files",
    "first_file": "First file",
}
FILE_LABELS = {
    "source_file": "File",
    "entity": "Table",
    "records_read": "Read",
    "records_landed": "Landed",
    "records_rejected": "Rejected",
    "records_set_aside": "Set aside",
    "records_blank": "Blank",
    "main_reason": "Main reason",
}
TABLE_LABELS = {
    "entity": "Table",
    "files": "Files",
    "read": "Read",
    "landed": "Landed",
    "rejected": "Rejected",
    "set_aside": "Set aside",
    "blank": "Blank",
}


def show(asking: Asking) -> None:
    if not asking.has(DELIVERIES):
        st.info(WITHOUT_RULES.format(asking.target))
        return
    of_system = {"deliveries": "count(*)"}
    systems = asking.rows(Question(DELIVERIES, ("source", "source_label"), of_system, order_by=("source_label",)))
    if not systems:
        st.info("Nothing was delivered yet. python -m scripts.land brings in files, dbt build publishes them.")
        return
    left, right = st.columns([1, 2])
    with left:
        system = choice("System", "system", named(systems, "source", "source_label"))
    where = only("source", system)
    known = asking.rows(Question(DELIVERIES, where=where, order_by=("-delivered_at", "source"), limit=parts.MOST_ROWS))
    told = {row.delivery_id: f"{row.source_label}, {moment(row.delivered_at)}" for row in known}
    with right:
        picked = choice("Delivery", "delivery", told, "All deliveries")
    if picked:
        one_delivery(asking, next(row for row in known if row.delivery_id == picked))
    else:
        all_deliveries(asking, where, known)


def all_deliveries(asking: Asking, where: tuple[Condition, ...], known: Sequence[Row]) -> None:
    sums = {"deliveries": "count(*)", "last_at": "max(delivered_at)"}
    sums |= {name: f"sum({name})" for name in ("records_read", "records_unaccounted")}
    whole = asking.one(Question(DELIVERIES, measures=sums, where=where))
    parts.tiles(
        Tile("Deliveries", count(whole.deliveries)),
        Tile("Event records", count(whole.records_read)),
        Tile("Unaccounted for", count(whole.records_unaccounted), description="0 unless something is broken."),
        Tile("Last delivery", f"{whole.last_at:%d %b}", f"{whole.last_at:%Y, %H:%M} UTC"),
    )
    st.subheader("What became of every record?")
    drawn = known[:MOST_DRAWN]
    shares = [
        (f"{row.source_label}\n{row.delivered_at:%Y-%m-%d %H:%M:%S}", told, getattr(row, column))
        for row in drawn
        for column, told in FATES.items()
        if getattr(row, column)
    ]
    if shares:
        met = {told for _, told, _ in shares}
        fates = [told for told in FATES.values() if told in met]
        parts.chart(
            charts.shares(shares, fates, [COLOURS[told] for told in fates]),
            "Of each delivery the event records by what became of them, in shares. The table below has the counts.",
        )
    parts.table(
        asking,
        Question(DELIVERIES, tuple(LABELS), where=where, order_by=("-delivered_at", "source_label")),
        "Deliveries",
        LABELS,
    )
    st.caption(
        "Event records is the sum of what became of them. Other files, such as lists of publishers, count apart. "
        "Choose a delivery above to see what it changed, and its files."
    )


def one_delivery(asking: Asking, delivery: Row) -> None:
    st.caption(delivery.delivery_id)
    parts.tiles(
        Tile("Event records", count(delivery.records_read), "adds up" if delivery.adds_up else "does not add up"),
        *(
            Tile(told.capitalize(), count(getattr(delivery, column)))
            for column, told in FATES.items()
            if column in ("records_current", "records_replaced", "records_set_aside", "records_rejected")
        ),
    )
    its = (In("delivery_id", (delivery.delivery_id,)),)
    if delivery.source in CHANGES:
        view, title, condition, labels = CHANGES[delivery.source]
        if asking.has(view):
            st.subheader("What did it change?")
            order = tuple(list(labels)[:2])
            parts.table(asking, Question(view, where=(*its, *condition), order_by=order), title, labels)
    st.subheader("Which records are not counted as they came, and why?")
    faulty(asking, delivery, its)
    files(asking, delivery, its)
    if asking.has(FINDINGS):
        st.subheader("What did the rules find in it that was new?")
        question = Question(
            FINDINGS,
            ("rule_id", "title", "severity", "owner"),
            {"findings": "count(*)", "records": "sum(record_count)"},
            (In("first_delivery_id", (delivery.delivery_id,)), In("source", (delivery.source,))),
            ("severity", "-findings", "rule_id"),
        )
        labels = {
            "title": "Finding",
            "severity": "Severity",
            "findings": "Findings",
            "records": "Records",
            "owner": "Owner",
        }
        parts.table(asking, question, "New findings", {**labels, "rule_id": "Rule"})


def faulty(asking: Asking, delivery: Row, its: tuple[Condition, ...]) -> None:
    """The reasons, and where the texts of rejected records are: they are not published, as they may hold anything."""
    if delivery.source == "ad_serving" and asking.has(WITH_REVENUE):
        question = Question(WITH_REVENUE, where=its, order_by=("-records", "reason"))
        parts.table(asking, question, "Reasons", WITH_REVENUE_LABELS)
    else:
        measures = {"records": "sum(records)", "in_files": "count(*)", "first_file": "min(source_file)"}
        of_source = (*its, In("source", (delivery.source,)))
        question = Question(FAULTY, ("fate", "reason"), measures, of_source, ("-records", "reason"))
        parts.table(asking, question, "Reasons", FAULTY_LABELS)
    if delivery.records_rejected:
        in_staging(asking, f"stg_{delivery.source}__rejected", _delivery_id=delivery.delivery_id)


def files(asking: Asking, delivery: Row, its: tuple[Condition, ...]) -> None:
    st.subheader("Which files came, and what is wrong in them?")
    of_source = (*its, In("source", (delivery.source,)))
    sums = {name: f"sum(records_{name})" for name in ("read", "landed", "rejected", "set_aside", "blank")}
    columns, measures = ("has_events", "entity"), {"files": "count(*)", **sums}
    tables = Question(FILES, columns, measures, of_source, ("-has_events", "entity"))
    if others := [row for row in asking.rows(tables) if not row.has_events]:
        told = ", ".join(delivered(row.entity, row.files, row.read) for row in others)
        st.markdown(plain(f"Beside the event records it has: {told}."))
    parts.table(asking, tables, "Tables", TABLE_LABELS)
    by_file = Question(
        FILES, where=of_source, order_by=("-records_rejected", "-records_set_aside", "entity", "source_file")
    )
    parts.table(asking, by_file, "Files", FILE_LABELS)
