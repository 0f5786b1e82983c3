"""Invalid traffic in the report: from gross to billable, by day and by invoice, and the signals behind it."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from duckhouse.reporting import charts, formats
from duckhouse.reporting.page import (
    DAYS_LATEST_FIRST,
    Fact,
    Found,
    Row,
    Section,
    Table,
    Text,
    View,
    latest_days,
    latest_first,
)

HEADING = "Invalid traffic"
VIEWS = {
    "days": View("rpt_ad_serving_billable_days", ("event_date",), quality=True),
    "invoices": View("rpt_ad_serving_invoices", ("reporting_month", "publisher_id"), quality=True),
    "signals": View("rpt_ad_serving_signals", ("rule_id",), quality=True),
}
STEPS = {
    "invalid records": charts.GREY,
    "general invalid traffic": charts.RED,
    "suspect traffic": charts.ORANGE,
}
BRIDGE = ("gross", *STEPS, "billable")
MEASURES = {"events": "events", "impressions": "impressions", "clicks": "clicks", "revenue_usd": "revenue"}
EXPLAINED = (
    "Invalid records contradict themselves: negative revenue, revenue on an unfilled event, an unknown event type. "
    "General invalid traffic is what a list or a parameter shows (a robot, a click without its impression). "
    "Suspect are events on which several weaker signals come together. Billable is gross less all three; an event is "
    "taken off once, by the first step that it meets. Nothing is deleted: each event keeps its row and its score."
)
SCORED = (
    "The points of the signals of an event add up to its score. A general signal is enough for general invalid; no "
    "other signal makes an event suspect alone. Events with too few points count as valid."
)
INVOICED = (
    "Months of the publisher's own days, with the days that were delivered. A month is over once a delivery came after "
    "its end in every time zone. A price error is about prices of the publisher, which may be in another unit: the "
    "months that it is about wait. A later delivery may still take or change what is not settled. Faulty events carry "
    "an open error."
)
TOTAL_HEADERS = ("", *BRIDGE, *(f"{step}, share" for step in STEPS))
INVOICE_HEADERS = ("publisher", "month", "can be billed", "billable", *BRIDGE[:-1], "not settled", "of faulty events")
SIGNAL_HEADERS = (
    *("signal", "events", "of them invalid or suspect", "their revenue", "points", "class"),
    "what it says, and what else may be behind it",
)
DAY_HEADERS = ("day", *(f"{measure}, {step}" for measure in ("events", "revenue") for step in BRIDGE))


def facts(found: Found) -> list[Fact]:
    days = found["days"]
    events, revenue = sums(days, "events"), sums(days, "revenue_usd")
    *_, billable = zip(events, revenue, strict=True)
    return [
        Fact("gross", formats.exact(revenue[0]), formats.counted(events[0], "event")),
        *(
            Fact(
                f"less {step}",
                formats.exact(amount),
                f"{formats.counted(number, 'event')}, {formats.share(number, events[0])}",
            )
            for step, number, amount in zip(STEPS, events[1:-1], revenue[1:-1], strict=True)
        ),
        Fact("billable", formats.exact(billable[1]), formats.counted(billable[0], "event")),
        Fact(
            "revenue of faulty events",
            formats.exact(sum((day.revenue_usd_in_open_errors for day in days), Decimal(0))),
            f"{formats.counted(sum(day.events_in_open_errors for day in days), 'event')} of gross",
        ),
        Fact("events with any signal", formats.count(sum(day.events_with_signals for day in days))),
    ]


def sections(found: Found) -> list[Section]:
    days = found["days"]
    last = max((day.event_date for day in days if not day.is_after_last_delivery), default=date.min)
    drawn, note = latest_days(days, last)
    return [
        Section(
            "How much is taken off between gross and billable?",
            [taken_off(drawn), Table("From gross to billable", TOTAL_HEADERS, total_rows(days))],
            EXPLAINED + note,
        ),
        Section(
            "Which months of a publisher can be billed?",
            [
                Table(
                    "Months that are over first, by billable revenue", INVOICE_HEADERS, invoice_rows(found["invoices"])
                )
            ],
            INVOICED,
            folded=True,
        ),
        Section(
            "Which signals make traffic invalid?",
            [Table("Signals, the most events first", SIGNAL_HEADERS, signal_rows(found["signals"]))],
            SCORED,
            folded=True,
        ),
        Section(
            "What is taken off on each day?",
            [Table(DAYS_LATEST_FIRST, DAY_HEADERS, map(day_row, latest_first(days)))],
            folded=True,
        ),
    ]


def taken_off(days: Sequence[Row]) -> Any:
    """Revenue by day and step; events where no revenue is deducted."""
    for measure, title, number_format in (("revenue_usd", "US dollars", "$,~r"), ("events", "events", "d")):
        points = [
            (day.event_date, step, amount)
            for day in days
            for step, amount in zip(STEPS, bridge_of(day, measure)[1:-1], strict=True)
        ]
        if any(amount for *_, amount in points):
            return charts.days_chart(points, f"taken off, {title}", number_format, STEPS)
    return Text("Nothing was taken off on any day.")


def bridge_of(row: Row, measure: str) -> list[Any]:
    """A measure of a row, from gross to billable."""
    return [getattr(row, f"{measure}_{step.replace(' ', '_')}") for step in BRIDGE]


def sums(days: Sequence[Row], measure: str) -> list[Any]:
    return [sum(steps) for steps in zip(*(bridge_of(day, measure) for day in days), strict=True)]


def total_rows(days: Sequence[Row]) -> Iterable[tuple[str, ...]]:
    for measure, name in MEASURES.items():
        gross, *taken, billable = sums(days, measure)
        shown = formats.dollars if name == "revenue" else formats.count
        yield (name, *map(shown, (gross, *taken, billable)), *(formats.share(part, gross) for part in taken))


def invoice_rows(invoices: Sequence[Row]) -> list[tuple[str, ...]]:
    ordered = sorted(
        invoices,
        key=lambda row: (not row.is_over, -row.revenue_usd_billable, row.reporting_month, row.publisher_id or ""),
    )
    return [
        (
            formats.named(row.publisher_name, row.publisher_id),
            row.reporting_month.isoformat()[:7],
            state_of(row),
            *map(formats.dollars, (row.revenue_usd_billable, *bridge_of(row, "revenue_usd")[:-1])),
            formats.dollars(row.revenue_usd_billable_not_settled),
            formats.dollars(row.revenue_usd_in_open_errors),
        )
        for row in ordered
    ]


def state_of(invoice: Row) -> str:
    errors = formats.counted(invoice.open_price_errors, "price error")
    return f"waits: {errors}" if invoice.can_be_billed == "waits" else invoice.can_be_billed


def signal_rows(signals: Sequence[Row]) -> list[tuple[str, ...]]:
    return [
        (
            row.title,
            formats.count(row.events),
            formats.count(row.events_invalid_or_suspect),
            formats.dollars(row.revenue_usd_invalid_or_suspect),
            formats.count(row.points),
            row.traffic_class,
            row.why,
        )
        for row in sorted(signals, key=lambda row: (-row.events, -row.points, row.rule_id))
    ]


def day_row(day: Row) -> tuple[str, ...]:
    return (
        str(day.event_date),
        *map(formats.count, bridge_of(day, "events")),
        *map(formats.dollars, bridge_of(day, "revenue_usd")),
    )
