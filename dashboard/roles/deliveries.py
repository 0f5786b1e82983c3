"""Deliveries: is every record accounted for, what came when, and what did a delivery change?"""

from collections.abc import Mapping, Sequence

import streamlit as st

from dashboard import charts, parts
from dashboard.asking import Asking
from dashboard.filters import choice, named, only
from dashboard.parts import Tile
from duckhouse.reporting.formats import count, moment
from duckhouse.reporting.overview import WITHOUT_RULES
from duckhouse.warehouse.questions import Condition, In, Question
from duckhouse.warehouse.reading import Row

TITLE = "Deliveries"
ICON = ":material/local_shipping:"

DELIVERIES, FINDINGS = "rpt_quality_deliveries", "rpt_quality_findings"
FATES = {
    "records_current": "current",
    "records_replaced": "replaced",
    "records_deleted": "deleted",
    "records_set_aside": "set aside",
    "records_rejected": "rejected",
    "records_blank": "blank",
    "records_unaccounted": "unaccounted for",
}
MOST_DRAWN = 30  # deliveries
LABELS = {
    "source_label": "System",
    "delivered_at": "Delivered at, UTC",
    "files": "Files",
    "records_read": "Read",
    **{column: told.capitalize() for column, told in FATES.items()},
    "adds_up": "Adds up",
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
FAULTY = "rpt_ad_serving_faulty_records"
FAULTY_LABELS = {
    "reason": "Reason",
    "fate": "Fate",
    "entity": "Files of",
    "records": "Records",
    "share_of_records": "Share of them",
    "revenue_usd": "Revenue, $",
    "first_place": "First place",
}
SET_ASIDE = {
    "ad_delivery": "fct_ad_delivery_set_aside",
    "consent": "fct_consent_events_set_aside",
    "reviews": "fct_product_reviews_set_aside",
    "telemetry": "fct_device_readings_set_aside",
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
        Tile("Records read", count(whole.records_read)),
        Tile("Unaccounted for", count(whole.records_unaccounted), description="0 unless something is broken."),
        Tile("Last delivery", f"{whole.last_at:%Y-%m-%d}", f"{whole.last_at:%H:%M} UTC"),
    )
    st.subheader("What became of every record?")
    drawn = known[:MOST_DRAWN]
    shares = [
        (f"{row.source_label} {moment(row.delivered_at)}", told, getattr(row, column))
        for row in drawn
        for column, told in FATES.items()
        if getattr(row, column)
    ]
    if shares:
        met = {told for _, told, _ in shares}
        parts.chart(
            charts.shares(shares, [told for told in FATES.values() if told in met]),
            "Of each delivery the shares of records by what became of them. The table below has the counts.",
        )
    parts.table(
        asking,
        Question(DELIVERIES, tuple(LABELS), where=where, order_by=("-delivered_at", "source_label")),
        "Deliveries",
        LABELS,
    )
    st.caption("Read is the sum of what became of the records. Choose a delivery above to see what it changed.")


def one_delivery(asking: Asking, delivery: Row) -> None:
    st.caption(delivery.delivery_id)
    parts.tiles(
        Tile("Records read", count(delivery.records_read), "adds up" if delivery.adds_up else "does not add up"),
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
    if delivery.source == "ad_serving" and asking.has(FAULTY):
        parts.table(asking, Question(FAULTY, where=its, order_by=("-records", "reason")), "Reasons", FAULTY_LABELS)
    elif mart := SET_ASIDE.get(delivery.source):
        question = Question(
            mart,
            ("set_aside_reason",),
            {"records": "count(*)", "first_place": "min(_source_file)"},
            (In("_delivery_id", (delivery.delivery_id,)),),
            ("-records", "set_aside_reason"),
            schema="marts",
        )
        labels = {"set_aside_reason": "Reason", "records": "Records", "first_place": "First file"}
        parts.table(asking, question, "Records set aside", labels)
    else:
        st.info("No view names them for this system.")
