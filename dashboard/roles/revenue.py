"""Revenue: what was earned and by whom, what was first reported and what it is now, what can be billed, and why a day
changed, down to deliveries and events."""

from collections.abc import Sequence

import streamlit as st

from dashboard import charts, parts
from dashboard.asking import Asking
from dashboard.filters import Period, choice, named, only, period, picked, told_apart
from duckhouse.metrics import metrics
from duckhouse.reporting import causes
from duckhouse.reporting.formats import moment
from duckhouse.warehouse.questions import Between, Condition, In, Question

TITLE = "Revenue"
ICON = ":material/payments:"

DAYS = "rpt_ad_serving_days"
PUBLISHERS = "rpt_ad_serving_publisher_days"
CAMPAIGNS = "rpt_ad_serving_campaign_days"
RESTATEMENTS = "rpt_ad_serving_restatements"
BILLABLE, BILLABLE_OF_PUBLISHERS = "rpt_ad_serving_billable_days", "rpt_ad_serving_billable_publisher_days"
INVOICES = "rpt_ad_serving_invoices"
SCALED_UP = {"revenue_gross": True, "revenue_net": True, "revenue_billable": True}
CAUSES = parts.headers(causes.AD_SERVING)
PUBLISHED = In("publication", ("first", "restatement"))
RESTATED = In("publication", ("restatement",))
REPORTED = {
    "revenue_usd_first_reported": "sum(case when publication = 'first' then revenue_usd_after else 0 end)",
    "revenue_usd_now": "sum(case when publication = 'first' then revenue_usd_after else revenue_usd_difference end)",
    "revenue_usd_restated": "sum(case when publication = 'restatement' then revenue_usd_difference else 0 end)",
}
REPORTED_LABELS = {
    "revenue_usd_first_reported": "First reported, $",
    "revenue_usd_now": "Now, $",
    "revenue_usd_restated": "Change, $",
}
BRIDGE = {
    "revenue_usd_invalid_records": "invalid records",
    "revenue_usd_general_invalid_traffic": "general invalid traffic",
    "revenue_usd_suspect_traffic": "suspect traffic",
}
GROSS, BILLED = ("revenue_usd_gross", "gross"), ("revenue_usd_billable", "billable")
NOT_SETTLED = "revenue_usd_billable_not_settled"
ALL, LATE, UNSETTLED = "All that it brought", "Came late", "Not settled any more"
EVENT_LABELS = {
    "event_id": "Event",
    "event_type": "Type",
    "event_at": "At, UTC",
    "publisher_id": "Publisher",
    "campaign_id": "Campaign",
    "revenue_usd": "Revenue, $",
    "revenue_usd_as_delivered": "As delivered, $",
    "is_settled": "Settled",
    "first_delivery_id": "First delivery",
    "_source_file": "File",
    "_source_row": "Record",
}


def show(asking: Asking) -> None:
    days = parts.known_days(asking, DAYS, "ad serving", In("is_full_day", (True,)))
    if days is None:
        return
    when = period(*days)
    where = who(asking)
    tiles(asking, when, where)
    reported(asking, when, where)
    publishers(asking, when, where)
    campaigns(asking, when)
    billable(asking, when, where)
    invoices(asking, when, where)
    why(asking, where)


def who(asking: Asking) -> tuple[Condition, ...]:
    """Asks for a publisher and an account manager."""
    columns = ("publisher_id", "publisher_name", "account_manager")
    known = asking.rows(Question(PUBLISHERS, columns, {"days": "count(*)"}, order_by=("publisher_name",)))
    left, right = st.columns(2)
    with left:
        publisher = choice("Publisher", "publisher", named(known, "publisher_id", "publisher_name"))
    with right:
        managers = sorted({row.account_manager for row in known if row.account_manager})
        manager = choice("Account manager", "manager", {name: name for name in managers})
    return (*only("publisher_id", publisher), *only("account_manager", manager))


def tiles(asking: Asking, when: Period, where: Sequence[Condition]) -> None:
    by_publisher = ["revenue_gross", "revenue_net"]
    earned = asking.one(parts.compared(Question(PUBLISHERS, measures=parts.asked(by_publisher), where=(*where,)), when))
    restated = asking.one(
        parts.compared(Question(RESTATEMENTS, measures=parts.asked(["revenue_restated"]), where=(*where,)), when)
    )
    places = st.columns(4)
    parts.tile(places[0], earned, "revenue_gross", SCALED_UP)
    parts.tile(places[1], earned, "revenue_net", SCALED_UP)
    parts.tile(places[2], restated, "revenue_restated")
    if asking.has(BILLABLE_OF_PUBLISHERS):
        name = "revenue_billable"
        view, day = billed_in(where)
        billed = Question(view, measures={name: metrics()[name].over(view)}, where=(*where,))
        parts.tile(places[3], asking.one(parts.compared(billed, when, day)), name, SCALED_UP)
    st.caption(f"{when.label}, beside as many days before." if when.before else "All days.")


def billed_in(where: Sequence[Condition]) -> tuple[str, str]:
    """The view of what can be billed, and its day: of all publishers the UTC day, of one the day where it is."""
    return (BILLABLE_OF_PUBLISHERS, "reporting_date") if where else (BILLABLE, "event_date")


def reported(asking: Asking, when: Period, where: Sequence[Condition]) -> None:
    st.subheader("Did revenue change after it was reported?")
    question = Question(
        RESTATEMENTS,
        ("event_date",),
        {**REPORTED, **{cause: f"sum({cause})" for cause in CAUSES}},
        (when.within(), PUBLISHED, *where),
        ("event_date",),
    )
    drawn = asking.rows(question)
    if not drawn:
        st.info("No day of this choice was reported. Choose another period or publisher.")
        return
    series = {"revenue_usd_first_reported": "first reported", "revenue_usd_now": "now"}
    parts.chart(
        charts.lines(drawn, "event_date", series, "usd"),
        "Revenue of each day in US dollars as it was first reported, and as it is now; figures are in the table.",
    )
    parts.table(asking, question, "Days as first reported and now", {"event_date": "Day", **REPORTED_LABELS, **CAUSES})


def publishers(asking: Asking, when: Period, where: Sequence[Condition]) -> None:
    st.subheader("Who earns, and whose figures changed?")
    names = ["revenue_gross", "revenue_net", "impressions", "fill_rate"]
    question = Question(
        PUBLISHERS,
        ("publisher_id", "publisher_name", "account_manager"),
        {**parts.asked(names), "revenue_usd_not_settled": "sum(revenue_usd_not_settled)"},
        (*where,),
        ("-revenue_gross",),
    )
    labels = {
        "publisher_name": "Publisher",
        "publisher_id": "Id",
        "account_manager": "Account manager",
        "revenue_gross": "Gross, $",
        **({"revenue_gross_before": "Before, $", "revenue_gross_change_share": "Change"} if when.before else {}),
        "revenue_net": "Net, $",
        "revenue_usd_not_settled": "Not settled, $",
        "impressions": "Impressions",
        "fill_rate": "Fill rate",
    }
    parts.table(asking, parts.compared(question, when), "Publishers", labels)
    restated = Question(
        RESTATEMENTS,
        ("publisher_id", "publisher_name"),
        {**REPORTED, **{cause: f"sum({cause})" for cause in CAUSES}},
        (when.within(), PUBLISHED, *where),
        ("-events_changed", "publisher_id"),
    )
    parts.table(
        asking,
        restated,
        "Publishers as first reported and now",
        {"publisher_name": "Publisher", "publisher_id": "Id", **REPORTED_LABELS, **CAUSES},
    )


def campaigns(asking: Asking, when: Period) -> None:
    if not asking.has(CAMPAIGNS):
        return
    st.subheader("Which campaigns bring it?")
    st.caption("Of all publishers: what a campaign bought. How a figure was first reported is kept by publisher only.")
    question = Question(
        CAMPAIGNS,
        ("campaign_id", "campaign_name", "advertiser_name"),
        {
            "revenue_usd": "sum(revenue_usd)",
            "revenue_usd_not_settled": "sum(revenue_usd_not_settled)",
            "impressions": "sum(filled_impressions)",
            "clicks": "sum(clicks)",
        },
        order_by=("-revenue_usd",),
    )
    labels = {
        "campaign_name": "Campaign",
        "campaign_id": "Id",
        "advertiser_name": "Advertiser",
        "revenue_usd": "Gross, $",
        **({"revenue_usd_before": "Before, $", "revenue_usd_change_share": "Change"} if when.before else {}),
        "revenue_usd_not_settled": "Not settled, $",
        "impressions": "Filled impressions",
        "clicks": "Clicks",
    }
    parts.table(asking, parts.compared(question, when), "Campaigns", labels)


def billable(asking: Asking, when: Period, where: Sequence[Condition]) -> None:
    if not asking.has(BILLABLE_OF_PUBLISHERS):
        return
    st.subheader("How much of it can be billed?")
    view, day = billed_in(where)
    amounts = [GROSS[0], *BRIDGE, BILLED[0], NOT_SETTLED]
    sums = {column: f"sum({column})" for column in amounts}
    question = Question(view, measures=sums, where=(when.within(day), *where))
    row = asking.one(question)
    if row.revenue_usd_gross is None:
        st.info("Nothing of this choice was earned on these days.")
        return
    parts.chart(
        charts.bridge(row, GROSS, BRIDGE, BILLED, "usd"),
        "From gross to billable revenue in US dollars: what invalid records, general invalid traffic and suspect "
        "traffic take away. The table below has the figures.",
    )
    labels = {
        GROSS[0]: "Gross, $",
        **{column: f"{label.capitalize()}, $" for column, label in BRIDGE.items()},
        BILLED[0]: "Billable, $",
        NOT_SETTLED: "Of it not settled, $",
    }
    parts.table(asking, question, "From gross to billable", labels)
    days = "the publisher's own days" if where else "UTC days"
    st.caption(f"On {days}. What is not settled has no amount in its latest record, so a later delivery may change it.")


def invoices(asking: Asking, when: Period, where: Sequence[Condition]) -> None:
    if not asking.has(INVOICES):
        return
    st.subheader("What goes on the invoice?")
    labels = {
        "reporting_month": "Month",
        "publisher_name": "Publisher",
        "publisher_id": "Id",
        "account_manager": "Account manager",
        "is_over": "Month is over",
        "revenue_usd_billable": "Billable, $",
        NOT_SETTLED: "Not settled, $",
        "revenue_usd_in_open_errors": "In open errors, $",
        "open_price_errors": "Open price errors",
        "revenue_usd_gross": "Gross, $",
        **{column: f"{label.capitalize()}, $" for column, label in BRIDGE.items()},
        "days_with_events": "Days",
    }
    until = Between("reporting_month", None, when.last)
    latest_first = ("-reporting_month", "-revenue_usd_billable")
    question = Question(INVOICES, tuple(labels), where=(until, *where), order_by=latest_first)
    parts.table(asking, question, "Invoices by month and publisher", labels)


def why(asking: Asking, where: Sequence[Condition]) -> None:
    st.subheader("Why did this day change?")
    days = asking.rows(
        Question(
            RESTATEMENTS,
            ("event_date",),
            {"size": "sum(abs(revenue_usd_difference))"},
            (RESTATED, *where),
            ("-size", "event_date"),
        )
    )
    if not days:
        st.info("No delivery changed a day after it was reported.")
        return
    left, middle, right = st.columns(3)
    with left:
        changed = [str(row.event_date) for row in days]
        day = picked("Day", "changed", changed, changed[0])
    that_day = In("event_date", (day,))
    parts.table(
        asking,
        Question(RESTATEMENTS, where=(that_day, RESTATED, *where), order_by=("-delivery_id", "publisher_id")),
        "What deliveries changed, by publisher",
        {
            "publisher_name": "Publisher",
            "publisher_id": "Id",
            "delivered_at": "Delivered at, UTC",
            "revenue_usd_before": "Before, $",
            "revenue_usd_after": "After, $",
            "revenue_usd_difference": "Change, $",
            **CAUSES,
            "delivery_id": "Delivery",
            **parts.headers(causes.RETRACTION),
        },
    )
    publishers = {"publishers": "count(*)"}
    keys = ("delivery_id", "delivered_at")
    deliveries = asking.rows(Question(RESTATEMENTS, keys, publishers, (that_day, RESTATED, *where), ("-delivery_id",)))
    with middle:
        told = told_apart({row.delivery_id: moment(row.delivered_at) for row in deliveries})
        ids = {name: delivery_id for delivery_id, name in told.items()}
        delivery = ids[picked("Delivery", "delivery", list(ids), next(iter(ids)))]
    with right:
        which = picked("Events", "events", [ALL, LATE, UNSETTLED], ALL)
    st.caption("An event that moved to another day or publisher is shown where it is now.")
    publisher = tuple(one for one in where if isinstance(one, In) and one.column == "publisher_id")
    parts.table(
        asking,
        Question(
            "fct_ad_events",
            tuple(EVENT_LABELS),
            where=(that_day, In("_delivery_id", (delivery,)), *publisher, *kept(which, delivery)),
            order_by=("-revenue_usd", "event_id", "event_type"),
            schema="marts",
        ),
        "Events of the day that the delivery brought",
        EVENT_LABELS,
    )


def kept(which: str, delivery: str) -> tuple[Condition, ...]:
    return {
        ALL: (),
        LATE: (In("first_delivery_id", (delivery,)),),
        UNSETTLED: (In("is_settled", (False,)),),
    }[which]
