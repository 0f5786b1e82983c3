"""Traffic: how many ads are requested, filled, clicked and seen, where, and what of it is invalid."""

from collections.abc import Mapping

import streamlit as st

from dashboard import charts, filters, parts
from dashboard.asking import Asking
from dashboard.filters import Period
from duckhouse.metrics import metrics
from duckhouse.warehouse.questions import Between, Condition, In, Question
from duckhouse.warehouse.reading import Row

TITLE = "Traffic"
ICON = ":material/ads_click:"

FIGURES = ("impressions", "fill_rate", "ctr", "viewability")
GOOD = {"fill_rate": True, "viewability": True}
MOST_SEGMENTS = 25
OF_ALL = " (all publishers)"
SEGMENTS = {
    "device": "Device",
    "country": "Country",
    "ad_format": "Format",
    "device_and_country": "Device and country",
}
SEGMENT_RATES = {"fill_rate": "Fill rate", "ctr": "CTR", "viewability_rate": "Viewability"}
MEMBERS = {"device_type": "Device", "country_code": "Country", "ad_format": "Format"}
COUNTED = {"impressions": "Impressions", "clicks": "Clicks", "events": "Events"}
TAKEN_OFF = {
    "invalid_records": "invalid records",
    "general_invalid_traffic": "general invalid",
    "suspect_traffic": "suspect",
}
EVENT_LABELS = {
    "event_at": "Time, UTC",
    "event_type": "Event",
    "publisher_id": "Publisher",
    "ad_unit_id": "Ad unit",
    "campaign_id": "Campaign",
    "device_type": "Device",
    "country_code": "Country",
    "is_filled": "Filled",
    "revenue_usd": "Revenue",
    "invalid_record_reason": "Invalid because",
    "event_id": "Id of the event",
    "_delivery_id": "Delivery",
    "_source_file": "File",
    "_source_row": "Record",
}
FIGURE_LABELS = {
    "impressions": "Impressions",
    "impressions_change_share": "Change",
    "fill_rate": "Fill rate",
    "fill_rate_before": "Fill rate before",
    "ctr": "CTR",
    "ctr_before": "CTR before",
    "viewability": "Viewability",
    "viewability_before": "Viewability before",
}
INTERVALS = {
    name: f"{told}{end}"
    for rate, told in SEGMENT_RATES.items()
    for name, end in ((rate, ""), (f"{rate}_low", " from"), (f"{rate}_high", " to"))
}
MARKED_LABELS = {
    "event_date": "Day",
    "event_type": "Event",
    "publisher_id": "Publisher",
    "campaign_id": "Campaign",
    "traffic_class": "Class",
    "score": "Score",
    "parts": "Signals and their points",
    "revenue_usd": "Revenue",
    "event_id": "Id of the event",
}
UNIT_LABELS = {
    "ad_unit_name": "Ad unit",
    "ad_unit_id": "Id",
    "publisher_name": "Publisher",
    "ad_format": "Format",
}


def show(asking: Asking) -> None:
    days = parts.known_days(asking, "rpt_ad_serving_days", "ad serving", In("is_full_day", (True,)))
    if not days:
        return
    period = filters.period(*days)
    known = publishers(asking)
    filters.tell_unknown("The publisher", "publisher", known)
    publisher = filters.choice("Publisher", "publisher", known, "All publishers")
    where = filters.only("publisher_id", publisher)

    asked = Question("rpt_ad_serving_publisher_days", measures=parts.asked(FIGURES), where=where)
    parts.figures(asking.one(parts.compared(asked, period)), FIGURES, GOOD)
    st.caption(f"UTC days, {period.compared}.")
    by_day(asking, period, where)
    by_publisher(asking, period, where)
    by_ad_unit(asking, period, where)
    by_segment(asking, period, where)
    stopped(asking, where)
    invalid(asking, period, where)
    faulty(asking, where)
    events(asking, period, where)
    parts.link_that_keeps("traffic", period)


def publishers(asking: Asking) -> dict[str, str]:
    known = Question(
        "rpt_ad_serving_publisher_days",
        columns=("publisher_id", "publisher_name"),
        measures={"impressions": "sum(impressions)"},
        order_by=("publisher_name", "publisher_id"),
    )
    return filters.named(asking.rows(known), "publisher_id", "publisher_name")


def by_day(asking: Asking, period: Period, where: tuple[Condition, ...]) -> None:
    st.subheader("How does traffic develop?")
    name = filters.one_of("Figure", "figure", {name: metrics()[name].label for name in FIGURES})
    metric = metrics()[name]
    daily = Question(
        "rpt_ad_serving_publisher_days",
        columns=("event_date",),
        measures=parts.asked([name]),
        where=(period.around(), *where),
        order_by=("event_date",),
    )
    drawn = charts.lines(asking.rows(daily), "event_date", {name: metric.label}, metric.unit)
    parts.chart(drawn, f"{metric.label} by day up to {period.last}")
    st.caption("UTC days, those before the period too.")


def by_publisher(asking: Asking, period: Period, where: tuple[Condition, ...]) -> None:
    st.subheader("Which publishers' traffic changed?")
    asked = Question(
        "rpt_ad_serving_publisher_days",
        columns=("publisher_name", "publisher_id", "account_manager"),
        measures=parts.asked(FIGURES),
        where=where,
        order_by=("-impressions", "publisher_id"),
    )
    labels = {
        "publisher_name": "Publisher",
        "publisher_id": "Id",
        "account_manager": "Account manager",
        **FIGURE_LABELS,
    }
    parts.table(asking, parts.compared(asked, period), "Publishers", labels)


def by_ad_unit(asking: Asking, period: Period, where: tuple[Condition, ...]) -> None:
    st.subheader("Which ad units' traffic changed?")
    asked = Question(
        "rpt_ad_serving_ad_unit_days",
        columns=tuple(UNIT_LABELS),
        measures=parts.asked(FIGURES, "rpt_ad_serving_ad_unit_days"),
        where=where,
        order_by=("-impressions", "ad_unit_id"),
    )
    parts.table(asking, parts.compared(asked, period), "Ad units", {**UNIT_LABELS, **FIGURE_LABELS})
    st.caption(f"UTC days, {period.compared}. A unit belongs to the publisher that has it today.")


def by_segment(asking: Asking, period: Period, where: tuple[Condition, ...]) -> None:
    st.subheader("Where are ads filled, clicked and seen?")
    left, right = st.columns(2)
    with left:
        segment = filters.one_of("Segments", "segment", SEGMENTS)
    with right:
        rate = filters.one_of("Rate", "rate", SEGMENT_RATES)
    of_all = Question("rpt_ad_serving_segments", where=(In("segment", (segment,)),), order_by=("-impressions",))
    rows = [row for row in asking.rows(of_all.limited(MOST_SEGMENTS)) if getattr(row, rate) is not None]
    members = members_of(segment)
    if rows:
        names = [" · ".join(getattr(row, member) or "not said" for member in members) for row in rows]
        told = SEGMENT_RATES[rate]
        drawn = charts.intervals(rows, names, rate, "share", told, lambda row: not row.has_enough_impressions)
        parts.chart(drawn, f"{told} by {SEGMENTS[segment].lower()}, with 95 % intervals")
    st.caption("The chart is of all days and all publishers, with 95 % intervals. Intervals that overlap may be equal.")
    if "ad_format" in members:
        labels = {"ad_format": "Format", "impressions": "Impressions", **INTERVALS, "ecpm_usd": "eCPM"}
        parts.table(asking, of_all, "Formats, all days and publishers", labels)
        return
    asked = Question(
        "fct_ad_events_daily",
        columns=members,
        measures=parts.asked(FIGURES, "fct_ad_events_daily"),
        where=where,
        order_by=("-impressions",),
        schema="marts",
    )
    labels = {**{member: MEMBERS[member] for member in members}, **FIGURE_LABELS}
    parts.table(asking, parts.compared(asked, period), f"{SEGMENTS[segment]}, in the period", labels)


def members_of(segment: str) -> tuple[str, ...]:
    return {
        "device": ("device_type",),
        "country": ("country_code",),
        "ad_format": ("ad_format",),
        "device_and_country": ("device_type", "country_code"),
    }[segment]


def stopped(asking: Asking, where: tuple[Condition, ...]) -> None:
    st.subheader("Which ad units have stopped serving?")
    silent = Question(
        "rpt_ad_serving_ad_units",
        where=(Between("days_silent", 1), *where),
        order_by=("-impressions_missed", "ad_unit_id"),
    )
    labels = {
        **UNIT_LABELS,
        "is_active": "Active",
        "last_day_served": "Last served",
        "days_silent": "Days silent",
        "impressions_missed": "Impressions missed",
    }
    parts.table(asking, silent.narrowed(In("is_active", (True, False))), "Ad units that stopped", labels)
    st.caption(
        "Silent up to the last full day. Missed: what the unit would have shown at its average. One that is not active "
        "stopped on purpose."
    )
    if not where:
        with st.expander("Ad units that no delivery describes: an id is more often wrong than a unit that stopped"):
            parts.table(asking, silent.narrowed(In("is_active", (None,))), "Unknown ad units", labels)


def invalid(asking: Asking, period: Period, where: tuple[Condition, ...]) -> None:
    st.subheader("How much traffic is invalid?")
    if not asking.has("rpt_ad_serving_signals"):
        st.info("Signals of invalid traffic are rules, and no rule was built. dbt build builds them.")
        return
    of = filters.one_of("Taken off", "counted", COUNTED)
    steps = {f"{of}_{step}": told for step, told in TAKEN_OFF.items()}
    columns = (f"{of}_gross", *steps, f"{of}_billable")
    bridge = Question(
        "fct_ad_gross_to_billable_daily",
        measures={column: f"sum({column})" for column in columns},
        where=where,
        schema="quality",
    )
    told = {
        columns[0]: "Gross",
        **{column: step.capitalize() for column, step in steps.items()},
        columns[-1]: "Billable",
    }
    row = asking.one(bridge.narrowed(period.within()))
    parts.tiles(*(parts.Tile(label, parts.FORMATS["count"](getattr(row, column))) for column, label in told.items()))
    days = Question(
        bridge.view,
        columns=("event_date",),
        measures=bridge.measures,
        where=(period.around(), *where),
        order_by=("event_date",),
        schema="quality",
    )
    drawn = charts.bars(asking.rows(days), "event_date", steps, "count")
    parts.chart(drawn, f"{COUNTED[of]} taken off by day and reason, up to {period.last}")
    st.caption(
        "Invalid records contradict themselves. General invalid traffic is what a list or a parameter shows, such as a "
        "robot. Suspect are events on which several weaker signals come together. Nothing is deleted."
    )
    signals(asking, where)
    with st.expander("Events with a signal, in the period"):
        marked = Question(
            "fct_ad_invalid_traffic",
            where=(period.within(), *where),
            order_by=("-score", "event_date", "event_id"),
            schema="quality",
        )
        parts.table(asking, marked, "Events with a signal", MARKED_LABELS)


def signals(asking: Asking, where: tuple[Condition, ...]) -> None:
    labels = {
        "title": "Signal",
        "traffic_class": "Class",
        "points": "Points",
        "events": "Events",
        "events_invalid_or_suspect": "Of them invalid or suspect",
        "revenue_usd_invalid_or_suspect": "Their revenue",
        "why": "What it says, and what else may be behind it",
    }
    parts.table(asking, Question("rpt_ad_serving_signals", order_by=("-events", "rule_id")), "Signals", labels)
    st.caption(f"Of all days{OF_ALL if where else ''}. The points of the signals of an event add up to its score.")


def faulty(asking: Asking, where: tuple[Condition, ...]) -> None:
    st.subheader(f"Which records are not counted as they came?{OF_ALL if where else ''}")
    labels = {
        "delivered_at": "Delivered, UTC",
        "entity": "Of",
        "fate": "What became of them",
        "reason": "Reason",
        "records": "Records",
        "share_of_records": "Of the delivery",
        "revenue_usd": "Revenue",
        "first_place": "For example",
        "delivery_id": "Delivery",
    }
    parts.table(
        asking,
        Question("rpt_ad_serving_faulty_records", order_by=("-delivered_at", "-records", "reason")),
        "Faulty records",
        labels,
    )
    st.caption("Rejected records keep their text, the others their row. Those set aside are in no figure.")


def events(asking: Asking, period: Period, where: tuple[Condition, ...]) -> None:
    st.subheader("Which events are behind a day?")
    days = Question(
        "rpt_ad_serving_publisher_days",
        columns=("event_date",),
        measures={"impressions": "sum(impressions)"},
        where=(period.within(), *where),
        order_by=("-event_date",),
    )
    options: Mapping[str, Row] = {str(row.event_date): row for row in asking.rows(days)}
    day = filters.choice("Day", "events", {day: day for day in options}, "Choose a day")
    if not day:
        return
    on_day = Question(
        "fct_ad_events",
        columns=tuple(EVENT_LABELS),
        where=(In("event_date", (options[day].event_date,)), *where),
        order_by=("event_at", "event_id"),
        schema="marts",
    )
    parts.table(asking, on_day, f"Events of {day}", EVENT_LABELS)
