"""Revenue: what was earned and by whom, what was first reported and what it is now, what publishers are paid, what a
partner says, and why a day changed, down to deliveries and events."""

from collections.abc import Sequence

import streamlit as st

from dashboard import charts, filters, parts
from dashboard.asking import Asking
from dashboard.filters import Period, choice, named, only, period, picked, told_apart
from dashboard.parts import Tile
from duckhouse.metrics import metrics
from duckhouse.reporting import causes, formats
from duckhouse.warehouse.questions import Between, Condition, In, Question

TITLE = "Revenue"
ICON = ":material/payments:"

DAYS = "rpt_ad_serving_days"
PUBLISHERS = "rpt_ad_serving_publisher_days"
CAMPAIGNS = "rpt_ad_serving_campaign_days"
RESTATEMENTS, CHANGED_EVENTS = "rpt_ad_serving_restatements", "rpt_ad_serving_changed_events"
BILLABLE = "rpt_ad_serving_billable_publisher_days"
INVOICES, PRICE_ERRORS = "rpt_ad_serving_invoices", "rpt_ad_serving_price_errors"
PARTNERS = "rpt_ad_serving_partner_reconciliation"
SCALED_UP = {"revenue_gross": True, "revenue_net": True, "revenue_billable": True}
CAUSES = parts.headers(causes.AD_SERVING)
PUBLISHED = In("publication", ("first", "restatement"))
RESTATED = In("publication", ("restatement",))
_DIFFERENCE = "case when publication = 'restatement' then revenue_usd_difference else 0 end"
_FIRST = "case when publication = 'first' then revenue_usd_after else 0 end"
REPORTED = {
    "revenue_usd_first_reported": f"sum({_FIRST})",
    "revenue_usd_now": "sum(case when publication = 'first' then revenue_usd_after else revenue_usd_difference end)",
    "revenue_usd_restated": f"sum({_DIFFERENCE})",
    "restated_share": f"sum({_DIFFERENCE}) * 1e0 / nullif(sum({_FIRST}) * 1e0, 0)",
}
REPORTED_LABELS = {
    "revenue_usd_first_reported": "First reported",
    "revenue_usd_now": "Now",
    "revenue_usd_restated": "Change",
    "restated_share": "Change, %",
}
BY_DELIVERY = {
    "days": "count(distinct event_date)",
    "revenue_usd_restated_up": "sum(case when revenue_usd_difference > 0 then revenue_usd_difference else 0 end)",
    "revenue_usd_restated_down": "sum(case when revenue_usd_difference < 0 then revenue_usd_difference else 0 end)",
    "revenue_usd_restated": "sum(revenue_usd_difference)",
}
BRIDGE = {
    "revenue_usd_invalid_records": "invalid records",
    "revenue_usd_general_invalid_traffic": "general invalid traffic",
    "revenue_usd_suspect_traffic": "suspect traffic",
}
NOT_SETTLED = "revenue_usd_billable_not_settled"
BRIDGE_LABELS = {
    "revenue_usd_gross": "Gross",
    **{column: label.capitalize() for column, label in BRIDGE.items()},
    "revenue_usd_billable": "Payable",
    NOT_SETTLED: "Of it not settled",
}
MOST_LINKS = 5
EVERY_CAUSE = "All that changed"
EVENT_LABELS = {
    "cause": "Cause",
    "revenue_usd_before": "Before",
    "revenue_usd_after": "After",
    "revenue_usd_difference": "Change",
    "event_id": "Event",
    "event_type": "Type",
    "publisher_name": "Publisher",
    "publisher_id": "Id",
    "campaign_id": "Campaign",
    "other_event_date": "Other day",
    "other_publisher_id": "Other publisher",
    "source_file": "File",
    "source_row": "Record",
}


def show(asking: Asking) -> None:
    days = parts.known_days(asking, DAYS, "ad serving", In("is_full_day", (True,)))
    if days is None:
        return
    when = period(*days)
    where = who(asking)
    tiles(asking, when, where)
    doubts(asking, where)
    reported(asking, when, where)
    publishers(asking, when, where)
    campaigns(asking, when, where)
    payable(asking, when, where)
    invoices(asking, when, where)
    partners(asking, when, where)
    parts.link_that_keeps("revenue", when, **why(asking, where))


def who(asking: Asking) -> tuple[Condition, ...]:
    """Asks for a publisher and an account manager."""
    columns = ("publisher_id", "publisher_name", "account_manager")
    known = asking.rows(Question(PUBLISHERS, columns, {"days": "count(*)"}, order_by=("publisher_name",)))
    names = named(known, "publisher_id", "publisher_name")
    managers = {row.account_manager: row.account_manager for row in known if row.account_manager}
    filters.tell_unknown("The publisher", "publisher", names)
    filters.tell_unknown("The account manager", "manager", managers)
    left, right = st.columns(2)
    with left:
        publisher = choice("Publisher", "publisher", names)
    with right:
        manager = choice("Account manager", "manager", dict(sorted(managers.items())))
    return (*only("publisher_id", publisher), *only("account_manager", manager))


def tiles(asking: Asking, when: Period, where: Sequence[Condition]) -> None:
    by_publisher = ["revenue_gross", "revenue_net"]
    sums = {**parts.asked(by_publisher), "not_settled": "sum(revenue_usd_not_settled)"}
    earned = asking.one(parts.compared(Question(PUBLISHERS, measures=sums, where=(*where,)), when))
    places = st.columns(3)
    for place, name in zip(places, by_publisher, strict=False):
        parts.tile(place, earned, name, SCALED_UP)
    if asking.has(BILLABLE):
        billed = Question(BILLABLE, measures=parts.asked(["revenue_billable"], BILLABLE), where=(*where,))
        parts.tile(places[2], asking.one(parts.compared(billed, when)), "revenue_billable", SCALED_UP)
    restated = asking.one(Question(RESTATEMENTS, measures=REPORTED, where=(when.within(), PUBLISHED, *where)))
    metric, share = metrics()["revenue_restated"], restated.restated_share
    parts.tiles(
        Tile(
            metric.label,
            formats.change(restated.revenue_usd_restated),
            "" if share is None else f"{formats.percent(share, 4)} of what was first reported",
            metric.description,
        ),
        Tile("Not settled", formats.dollars(earned.not_settled), "of gross: a later delivery may change it"),
    )
    st.caption(f"UTC days, {when.compared}. {partial_days(asking, when)}")
    if earned.revenue_net is not None and earned.revenue_net > earned.revenue_gross:
        st.caption("Net is above gross: negative amounts are invalid records, and leaving them out raises the rest.")


def partial_days(asking: Asking, when: Period) -> str:
    known = (when.within(), In("is_full_day", (False,)), In("is_after_last_delivery", (False,)))
    rows = asking.rows(Question(DAYS, ("event_date",), where=known, order_by=("event_date",)))
    days = ", ".join(str(row.event_date) for row in rows)
    return f"Days with less than half of the usual impressions: {days}." if days else ""


def doubts(asking: Asking, where: Sequence[Condition]) -> None:
    """Links to the errors about prices, whichever day they are about: invoices of their months wait."""
    if not asking.has(PRICE_ERRORS):
        return
    keys = ("rule_id", "title", "finding_key", "publisher_name", "publisher_id", "campaign_id", "event_date")
    found = asking.rows(
        Question(
            PRICE_ERRORS,
            (*keys, "price_usd", "expected_price_usd"),
            {"revenue_usd": "sum(revenue_usd_in_doubt)"},
            (*where,),
            ("-revenue_usd", "finding_key"),
        )
    )
    if not found:
        return
    shown = f" The {MOST_LINKS} largest of {len(found)}:" if len(found) > MOST_LINKS else ""
    st.warning(f"Prices that may be in another unit: do not pay what depends on them before it is cleared.{shown}")
    for row in found[:MOST_LINKS]:
        publisher = formats.named(row.publisher_name, row.publisher_id)
        campaign = f", campaign {row.campaign_id}" if row.campaign_id else ""
        parts.link(
            "data-quality",
            f"{formats.dollars(row.revenue_usd)} in doubt: {publisher}{campaign}, {row.event_date or 'all days'}, "
            f"{row.price_usd} an impression instead of {row.expected_price_usd}",
            rule=f"{row.title} · {row.rule_id}",
            finding=row.finding_key,
        )


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
    parts.chart(
        charts.bars(drawn, "event_date", {"revenue_usd_restated": "change"}, "micros"),
        "By how many US dollars deliveries changed each day after it was first reported; figures are in the table.",
    )
    parts.table(asking, question, "Days as first reported and now", {"event_date": "Day", **REPORTED_LABELS, **CAUSES})
    deliveries = Question(
        RESTATEMENTS,
        ("delivered_at", "delivery_id"),
        {**BY_DELIVERY, **{cause: f"sum({cause})" for cause in CAUSES}},
        (when.within(), RESTATED, *where),
        ("-delivery_id",),
    )
    labels = {
        "delivered_at": "Delivered at, UTC",
        "days": "Days changed",
        "revenue_usd_restated_up": "Up",
        "revenue_usd_restated_down": "Down",
        "revenue_usd_restated": "Change",
        **CAUSES,
        "delivery_id": "Delivery",
    }
    parts.table(asking, deliveries, "Deliveries that changed these days", labels)
    st.caption("Up and down add up what each delivery changed by day and publisher.")


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
        "revenue_gross": "Gross",
        **({"revenue_gross_before": "Before", "revenue_gross_change_share": "Change, %"} if when.before else {}),
        "revenue_net": "Net",
        "revenue_usd_not_settled": "Not settled",
        "impressions": "Impressions",
        "fill_rate": "Fill rate",
    }
    parts.table(asking, parts.compared(question, when), "Publishers", labels)
    restated = Question(
        RESTATEMENTS,
        ("publisher_id", "publisher_name"),
        {**REPORTED, **{cause: f"sum({cause})" for cause in CAUSES}},
        (when.within(), PUBLISHED, *where),
        ("-|revenue_usd_restated|", "publisher_id"),
    )
    parts.table(
        asking,
        restated,
        "Publishers as first reported and now",
        {"publisher_name": "Publisher", "publisher_id": "Id", **REPORTED_LABELS, **CAUSES},
    )


def campaigns(asking: Asking, when: Period, where: Sequence[Condition]) -> None:
    if not asking.has(CAMPAIGNS):
        return
    st.subheader(f"Which campaigns bring it?{' (all publishers)' if where else ''}")
    st.caption("What a campaign bought on all publishers. How a figure was first reported is kept by publisher only.")
    question = Question(
        CAMPAIGNS,
        ("campaign_id", "campaign_name", "advertiser_name"),
        {
            "revenue_gross": "sum(revenue_usd)",
            "revenue_usd_not_settled": "sum(revenue_usd_not_settled)",
            "impressions": "sum(filled_impressions)",
            "clicks": "sum(clicks)",
        },
        order_by=("-revenue_gross",),
    )
    labels = {
        "campaign_name": "Campaign",
        "campaign_id": "Id",
        "advertiser_name": "Advertiser",
        "revenue_gross": "Gross",
        **({"revenue_gross_before": "Before", "revenue_gross_change_share": "Change, %"} if when.before else {}),
        "revenue_usd_not_settled": "Not settled",
        "impressions": "Filled impressions",
        "clicks": "Clicks",
    }
    parts.table(asking, parts.compared(question, when), "Campaigns", labels)


def payable(asking: Asking, when: Period, where: Sequence[Condition]) -> None:
    if not asking.has(BILLABLE):
        return
    st.subheader("How much of it is payable to publishers?")
    sums = {column: f"sum({column})" for column in BRIDGE_LABELS}
    question = Question(BILLABLE, measures=sums, where=(when.within(), *where))
    row = asking.one(question)
    if row.revenue_usd_gross is None:
        st.info("Nothing of this choice was earned on these days.")
        return
    by_day = Question(BILLABLE, ("event_date",), sums, question.where, ("event_date",))
    parts.chart(
        charts.bars(asking.rows(by_day), "event_date", BRIDGE, "micros"),
        "What invalid records, general invalid traffic and suspect traffic take off the revenue of each day, in US "
        "dollars. The tables below have the figures.",
    )
    parts.table(asking, question, "From gross to payable", BRIDGE_LABELS)
    up_to = (Between("event_date", None, when.last), *where)
    by_month = Question(BILLABLE, ("event_month",), sums, up_to, ("-event_month",))
    parts.table(asking, by_month, "From gross to payable, by UTC month", {"event_month": "Month", **BRIDGE_LABELS})
    st.caption(
        f"UTC days, {when.label}; months up to {when.last}. Payable is gross less the three; negative amounts are "
        "invalid records, so taking them off raises the rest. What is not settled may change with a later delivery. "
        "What advertisers can be billed is another question: spend out of flight or over budget is payable to "
        "publishers all the same, and Delivery and pacing has it."
    )


def invoices(asking: Asking, when: Period, where: Sequence[Condition]) -> None:
    if not asking.has(INVOICES):
        return
    st.subheader("What goes on the invoice?")
    labels = {
        "reporting_month": "Month",
        "publisher_name": "Publisher",
        "can_be_billed": "Can be paid",
        "revenue_usd_billable": "Payable",
        "open_price_errors": "Price errors",
        "revenue_usd_in_price_errors": "In price errors",
        "days_with_events": "Days with events",
        "days_in_month": "Of days",
        "timezone": "Time zone",
        "is_over": "Month is over",
        NOT_SETTLED: "Not settled",
        "revenue_usd_in_open_errors": "Faulty events",
        "revenue_usd_gross": "Gross",
        **{column: label.capitalize() for column, label in BRIDGE.items()},
        "account_manager": "Account manager",
        "publisher_id": "Id",
    }
    until = Between("reporting_month", None, when.last)
    latest_first = ("-reporting_month", "-revenue_usd_billable")
    question = Question(INVOICES, tuple(labels), where=(until, *where), order_by=latest_first)
    parts.table(asking, question, "Invoices by month and publisher", labels)
    st.caption(
        "Whole months of days in the publisher's time zone (UTC where none is known), whatever the period above, so a "
        "month differs from UTC days by the hours at its ends. waits: an error about prices of the month is open, and "
        "so much of it may be in another unit."
    )


def partners(asking: Asking, when: Period, where: Sequence[Condition]) -> None:
    if not asking.has(PARTNERS):
        return
    st.subheader("Does the partner owe what we count?")
    labels = {
        "period_start": "From",
        "period_end": "To",
        "publisher_name": "Publisher",
        "revenue_usd_partner": "Partner",
        "revenue_usd_then": "Ours then",
        "revenue_usd_difference": "Difference",
        "difference_share": "Difference, %",
        "revenue_usd_tolerated": "Tolerated",
        "is_within_tolerance": "Within tolerance",
        "revenue_usd_now": "Ours now",
        "partner_system": "Partner's system",
        "delivered_at": "Ledger of, UTC",
        "publisher_id": "Id",
    }
    order = ("is_within_tolerance", "-|revenue_usd_difference|", "period_end", "publisher_id")
    ends = () if when.is_all else (Between("period_end", when.first),)
    begins = Between("period_end", None, when.last)
    parts.table(asking, Question(PARTNERS, where=(*ends, begins, *where), order_by=order), "Partner and ours", labels)
    st.caption(
        f"Periods that end in {when.label}; UTC days, gross. Ours then is what we knew when the ledger came. Tolerated "
        "is a share of ours and a cent for rounding (dq_partner_tolerance and dq_partner_rounding in dbt_project.yml)."
    )


def why(asking: Asking, where: Sequence[Condition]) -> dict[str, str]:
    """The events behind a changed day; gives the day and the delivery that are shown."""
    st.subheader("Why did this day change?")
    size = {"size": "sum(abs(revenue_usd_difference))"}
    days = asking.rows(Question(RESTATEMENTS, ("event_date",), size, (RESTATED, *where), ("-size", "event_date")))
    if not days:
        st.info("No delivery changed a day after it was reported.")
        return {}
    left, middle, right = st.columns(3)
    with left:
        changed = [str(row.event_date) for row in days]
        day = picked("Day", "changed", changed, changed[0])
    that_day = In("event_date", (day,))
    st.caption("The day that moved most is first: what publishers gained and lost is added up without its sign.")
    parts.table(
        asking,
        Question(
            RESTATEMENTS,
            where=(that_day, RESTATED, *where),
            order_by=("-|revenue_usd_difference|", "-delivery_id", "publisher_id"),
        ),
        "What deliveries changed, by publisher",
        {
            "publisher_name": "Publisher",
            "publisher_id": "Id",
            "delivered_at": "Delivered at, UTC",
            "revenue_usd_before": "Before",
            "revenue_usd_after": "After",
            "revenue_usd_difference": "Change",
            **CAUSES,
            "delivery_id": "Delivery",
            **parts.headers(causes.RETRACTION),
        },
    )
    keys = ("delivery_id", "delivered_at")
    deliveries = asking.rows(
        Question(RESTATEMENTS, keys, {"publishers": "count(*)"}, (that_day, RESTATED, *where), ("-delivery_id",))
    )
    with middle:
        told = told_apart({row.delivery_id: formats.moment(row.delivered_at) for row in deliveries})
        ids = {name: delivery_id for delivery_id, name in told.items()}
        shown = picked("Delivery", "delivery", list(ids), next(iter(ids)))
        delivery = ids[shown]
    brought = (that_day, In("delivery_id", (delivery,)), *where)
    of_cause = Question(
        CHANGED_EVENTS,
        ("cause",),
        {"events": "count(*)", "revenue_usd_difference": "sum(revenue_usd_difference)"},
        brought,
        ("-|revenue_usd_difference|", "cause"),
    )
    with right:
        cause = picked("Events", "events", [EVERY_CAUSE, *CAUSES.values()], EVERY_CAUSE)
    labels = {"cause": "Cause", "events": "Events", "revenue_usd_difference": "Change"}
    parts.table(asking, of_cause, "Dollars by cause", labels)
    names = dict(zip(CAUSES.values(), causes.AD_SERVING.values(), strict=True))
    of_events = (*brought, *only("cause", names.get(cause)))
    parts.table(
        asking,
        Question(
            CHANGED_EVENTS,
            tuple(EVENT_LABELS),
            where=of_events,
            order_by=("-|revenue_usd_difference|", "event_id"),
        ),
        "Events that changed the day",
        EVENT_LABELS,
    )
    st.caption(
        "What each event brought to the day and publisher before and after the delivery. An event that moved away is "
        "listed with the day and publisher where it is now. Repeated records that change nothing are left out."
    )
    return {"changed": day, "delivery": shown}
