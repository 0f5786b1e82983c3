"""Ad serving in the report: did revenue change after it was reported and why, who earns, pace, records."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any

from duckhouse.reporting import causes, charts, formats
from duckhouse.reporting.page import (
    DAYS_LATEST_FIRST,
    Fact,
    Folded,
    Found,
    Part,
    Row,
    Section,
    Table,
    Text,
    View,
    accounted,
    latest_days,
    latest_first,
    records_read,
    records_section,
    retraction_of,
)

HEADING = "Ad serving"
VIEWS = {
    "days": View("rpt_ad_serving_days", ("event_date",)),
    "deliveries": View("rpt_ad_serving_deliveries", ("delivery_id",)),
    "publisher_days": View("rpt_ad_serving_publisher_days", ("publisher_id", "event_date", "reporting_date")),
    "campaigns": View("rpt_ad_serving_campaigns", ("campaign_id",)),
    "ad_units": View("rpt_ad_serving_ad_units", ("ad_unit_id",)),
    "segments": View("rpt_ad_serving_segments", ("segment", "ad_format", "device_type", "country_code")),
    "faulty_records": View("rpt_ad_serving_faulty_records", ("delivery_id", "entity", "fate", "reason")),
    "billable": View("rpt_ad_serving_billable_days", ("event_date",), quality=True),
}
BEFORE, NOW = "before the latest delivery", "now"
ADDED, TAKEN = "added", "taken away"
FEW = 5  # rows of the list that opens the chapter
NO_DAY = Text("No day was over when its events were delivered.")
DAY_HEADERS = (
    *("day", "revenue", "as delivered", "first published", "change", "impressions", "fill rate", "clicks", "CTR"),
    "viewable",
)
CHANGED_HEADERS = ("day", "first published", "now", "change", "share", *causes.AD_SERVING.values())
DELIVERY_HEADERS = (
    *(
        "delivery",
        "delivered at",
        "days",
        *causes.AD_SERVING.values(),
        "change",
        "all revenue after it",
        "with NULL as 0",
        "retracts",
    ),
)
PUBLISHER_HEADERS = (
    *("publisher", "account manager", "revenue", "net of invalid records", "not settled", "impressions"),
    *("fill rate", "clicks"),
)
CAMPAIGN_HEADERS = (
    *("campaign", "out of flight", "over budget", "spent", "budget", "flight", "days left"),
    *("spent in flight", "linear pace", "projected end", "pace", "share of pace"),
)
AD_UNIT_HEADERS = ("ad unit", "publisher", "format", "active", "last served", "days silent", "impressions missed")
SEGMENT_HEADERS = ("segment", "impressions", "fill rate", "CTR", "viewable", "net revenue", "per thousand filled")
FAULTY_HEADERS = ("reason", "fate", "files of", "delivery", "records", "share of them", "revenue", "for example")


def facts(found: Found) -> list[Fact]:
    days, deliveries = found["days"], found["deliveries"]
    last = deliveries[-1]
    revenue = last.revenue_usd_after
    revenue_before = deliveries[-2].revenue_usd_after if len(deliveries) > 1 else Decimal(0)
    return [
        Fact("revenue", formats.exact(revenue), "; ".join(parts_of_revenue(days))),
        *(facts_of_rules(found["billable"]) if found["billable"] else ()),
        Fact(
            "changed after it was reported",
            formats.change(total(days, "revenue_usd_restated")),
            f"{formats.change(total(days, 'revenue_usd_restated_up'))} and "
            f"{formats.change(total(days, 'revenue_usd_restated_down'))}, on "
            f"{formats.counted(sum(1 for day in days if day.restatements), 'day')}",
        ),
        Fact(
            "revenue before the latest delivery",
            formats.exact(revenue_before),
            f"{formats.change(revenue - revenue_before)} by it",
        ),
        Fact(
            "revenue as delivered",
            formats.exact(last.revenue_usd_as_delivered_after),
            "an amount that was set to NULL (not settled) counts 0, not what it was before",
        ),
        Fact("impressions", formats.count(total(days, "impressions")), filled_of(days)),
        Fact(
            "clicks",
            formats.count(total(days, "clicks")),
            f"{formats.counted(total(days, 'viewable_impressions'), 'viewable impression')}",
        ),
        Fact(
            "records read",
            f"{records_read(deliveries)}, {accounted(deliveries)}",
            f"in {formats.counted(len(deliveries), 'delivery', 'deliveries')}",
        ),
    ]


def parts_of_revenue(days: Sequence[Row]) -> Iterable[str]:
    yield f"gross, {formats.exact(total(days, 'revenue_usd_invalid_records'))} of it of invalid records"
    ahead = [day for day in days if day.is_after_last_delivery]
    if ahead:
        yield (
            f"{formats.exact(total(ahead, 'revenue_usd'))} of it on {formats.counted(len(ahead), 'day')} after the "
            "latest delivery"
        )


def facts_of_rules(billable: Sequence[Row]) -> Iterable[Fact]:
    yield Fact(
        "billable revenue",
        formats.exact(total(billable, "revenue_usd_billable")),
        "less invalid records and invalid traffic",
    )
    yield Fact(
        "revenue of faulty events",
        formats.exact(total(billable, "revenue_usd_in_open_errors")),
        f"{formats.counted(total(billable, 'events_in_open_errors'), 'event')} with an open error of their own; errors "
        "about prices, budgets and partners are in Data quality",
    )


def filled_of(days: Sequence[Row]) -> str:
    filled, impressions = total(days, "filled_impressions"), total(days, "impressions")
    return f"{formats.count(filled)} filled, {formats.share(filled, impressions)}"


def moved(day: Row) -> Decimal:
    """By how much a day moved, up or down."""
    return Decimal(day.revenue_usd_restated_up - day.revenue_usd_restated_down)


def sections(found: Found) -> list[Section]:
    days, deliveries = found["days"], found["deliveries"]
    drawn, note = drawn_of(days)
    restated = (day for day in days if day.restatements)
    changed = sorted(restated, key=lambda day: (-moved(day), day.event_date))
    return [
        Section(
            "Did revenue change after it was reported?",
            [
                changes(drawn),
                Table("Days that changed most", CHANGED_HEADERS, map(changed_row, changed), FEW),
            ],
            "What later deliveries added to the revenue of a UTC day, and took from it, after the first delivery that "
            "came after its end. The day that moved most is first: what was added and taken, by delivery and "
            f"publisher, without its sign. Counts are of the events by which they changed it.{note}",
        ),
        Section(
            "Which deliveries changed published days?",
            [Table("Deliveries, the latest first", DELIVERY_HEADERS, map(delivery_row, reversed(deliveries)))],
            "What each delivery brought for days that were published before, and all revenue that was known after it.",
            folded=True,
        ),
        Section(
            "Which publishers earn most?",
            [Table("Publishers by revenue", PUBLISHER_HEADERS, publisher_rows(found["publisher_days"]))],
            "Sums of all days. Not settled is revenue whose latest record says NULL: a later delivery may take it.",
        ),
        Section(
            "Which campaigns are off their pace, out of flight or over budget?",
            [Table("Campaigns, by what cannot be billed, then by spend", CAMPAIGN_HEADERS, campaign_rows(found))],
            "Spend net of invalid records against the linear pace of the flight, on its last day that is over. Only "
            "days with data count for the pace. Spend out of flight or over budget cannot be billed to the advertiser.",
            folded=True,
        ),
        Section(
            "Did fill rates change after they were reported?",
            [fill_rates(drawn)],
            f"Share of impressions for which an ad was served.{note}",
            folded=True,
        ),
        Section(
            "Where are ads clicked and seen, and which formats earn?",
            [clicked(found["segments"]), Table("Segments", SEGMENT_HEADERS, segment_rows(found["segments"]))],
            "Rates with their 95 % interval: a rate of few impressions says little.",
            folded=True,
        ),
        Section(
            "Which ad units have stopped serving?",
            silent_ad_units(found["ad_units"]),
            "Missed: what the ad unit would have shown at its average up to its last day. One that is not active "
            "stopped on purpose.",
            folded=True,
        ),
        records_section(deliveries),
        Section(
            "Which records are not counted as they came, and why?",
            [Table("Reasons, the most records first", FAULTY_HEADERS, faulty_rows(found["faulty_records"]))],
            "Nothing is deleted: rejected records keep their text, the others their row. Those set aside are in no "
            "figure; invalid records are in gross revenue and cannot be billed.",
            folded=True,
        ),
        Section(
            "What are the figures of each day?",
            [Table(DAYS_LATEST_FIRST, DAY_HEADERS, map(day_row, latest_first(days)))],
            folded=True,
        ),
    ]


def drawn_of(days: Sequence[Row]) -> tuple[list[Row], str]:
    """The days to draw, and a note on the others. Days after the last full day have only their first minutes delivered,
    or come from clocks that run ahead."""
    last = max((day.event_date for day in days if day.is_full_day), default=date.min)
    begun = [str(day.event_date) for day in days if day.event_date > last and not day.is_after_last_delivery]
    drawn, note = latest_days([day for day in days if str(day.event_date) not in begun], last)
    return drawn, note + (f" Not full yet, and not drawn: {', '.join(begun)}." if begun else "")


def changes(days: Sequence[Row]) -> Part:
    points = [
        (day.event_date, series, value)
        for day in days
        for series, value in ((ADDED, day.revenue_usd_restated_up), (TAKEN, day.revenue_usd_restated_down))
    ]
    if not any(value for *_, value in points):
        return Text("No day that is drawn changed after it was reported.")
    colours = {ADDED: charts.BLUE, TAKEN: charts.RED}
    return charts.days_chart(points, "change of revenue, US dollars", "$,~r", colours)


def fill_rates(days: Sequence[Row]) -> Part:
    points = [
        (day.event_date, series, value)
        for day in days
        for series, value in ((BEFORE, day.fill_rate_before_last_delivery), (NOW, day.fill_rate))
        if value is not None
    ]
    colours = {BEFORE: charts.GREY, NOW: charts.BLUE}
    return charts.line_chart(points, "fill rate", ".0%", colours) if points else NO_DAY


def clicked(segments: Sequence[Row]) -> Part:
    """The CTR of each device with its interval."""
    rows = [
        {"name": row.device_type or "(none)", "value": row.ctr, "low": row.ctr_low, "high": row.ctr_high}
        for row in segments
        if row.segment == "device" and row.ctr_low is not None
    ]
    label = "Clicks per filled impression, by device"
    return charts.interval_chart(rows, "CTR", ".2%", label) if rows else Text("No impression was filled.")


def changed_row(day: Row) -> tuple[str, ...]:
    return (
        str(day.event_date),
        formats.dollars(day.revenue_usd_first_published),
        formats.dollars(day.revenue_usd),
        formats.change(day.revenue_usd_restated),
        formats.percent(day.restated_share, 2),
        *causes_of(day),
    )


def delivery_row(row: Row) -> tuple[str, ...]:
    return (
        row.delivery_id,
        formats.moment(row.delivered_at),
        formats.count(row.days_restated),
        *causes_of(row),
        formats.change(row.revenue_usd_restated),
        formats.dollars(row.revenue_usd_after),
        formats.dollars(row.revenue_usd_as_delivered_after),
        retraction_of(row),
    )


def causes_of(row: Row) -> Iterable[str]:
    return (formats.count(getattr(row, column)) for column in causes.AD_SERVING)


def publisher_rows(publisher_days: Sequence[Row]) -> list[tuple[str, ...]]:
    """One row per publisher, with the sums of its days."""
    publishers = [(key, list(days)) for key, days in groupby(publisher_days, lambda day: day.publisher_id)]
    publishers.sort(key=lambda publisher: (-total(publisher[1], "revenue_usd"), publisher[0] or ""))
    return [
        (
            formats.named(days[0].publisher_name, key),
            days[0].account_manager or "",
            formats.dollars(total(days, "revenue_usd")),
            formats.dollars(total(days, "revenue_usd_net_of_invalid_records")),
            formats.dollars(total(days, "revenue_usd_not_settled")),
            formats.count(impressions := total(days, "impressions")),
            formats.percent(total(days, "filled_impressions") / impressions if impressions else None),
            formats.count(total(days, "clicks")),
        )
        for key, days in publishers
    ]


def campaign_rows(found: Found) -> list[tuple[str, ...]]:
    campaigns = sorted(
        found["campaigns"],
        key=lambda row: (-(row.spend_usd_out_of_flight + row.spend_usd_over_budget), -row.spend_usd, row.campaign_id),
    )
    return [
        (
            formats.named(row.campaign_name, row.campaign_id),
            formats.dollars(row.spend_usd_out_of_flight),
            formats.dollars(row.spend_usd_over_budget),
            formats.dollars(row.spend_usd),
            formats.dollars(row.budget_usd if row.pace_budget_usd is None else row.pace_budget_usd),
            formats.words(row.flight_state),
            formats.count(row.days_left),
            *map(formats.dollars, (row.spend_usd_to_date, row.expected_spend_usd, row.projected_end_spend_usd)),
            row.pace,
            formats.percent(row.pace_ratio),
        )
        for row in campaigns
    ]


def silent_ad_units(ad_units: Sequence[Row]) -> list[Part]:
    """Shows ad units with a description first: an id without one is more often wrong than an ad unit that stopped."""
    silent = sorted(
        (row for row in ad_units if row.days_silent), key=lambda row: (-row.impressions_missed, row.ad_unit_id)
    )
    known = [row for row in silent if row.ad_unit_name]
    unknown = [row for row in silent if not row.ad_unit_name]
    parts: list[Part] = [
        Table("Ad units that are silent", AD_UNIT_HEADERS, map(ad_unit_row, known))
        if known
        else Text("No ad unit that is described has stopped serving.")
    ]
    if unknown:
        caption = f"{formats.counted(len(unknown), 'ad unit')} that no delivery describes"
        parts.append(Folded(caption, [Table(caption, AD_UNIT_HEADERS, map(ad_unit_row, unknown))]))
    return parts


def ad_unit_row(row: Row) -> tuple[str, ...]:
    return (
        formats.named(row.ad_unit_name, row.ad_unit_id),
        row.publisher_name or "",
        row.ad_format or "",
        {True: "yes", False: "no"}.get(row.is_active, ""),
        str(row.last_day_served),
        formats.count(row.days_silent),
        f"{row.impressions_missed:,.0f}",
    )


def segment_rows(segments: Sequence[Row]) -> Iterable[tuple[str, ...]]:
    for row in segments:
        members = [value or "(none)" for value in members_of(row)]
        yield (
            f"{formats.words(row.segment)}: {', '.join(members)}",
            formats.count(row.impressions),
            formats.percent(row.fill_rate),
            with_interval(row.ctr, row.ctr_low, row.ctr_high),
            with_interval(row.viewability_rate, row.viewability_rate_low, row.viewability_rate_high),
            formats.dollars(row.revenue_usd_net_of_invalid_records),
            formats.dollars(row.ecpm_usd),
        )


def members_of(row: Row) -> tuple[str | None, ...]:
    by_segment: dict[str, tuple[str | None, ...]] = {
        "ad_format": (row.ad_format,),
        "device": (row.device_type,),
        "country": (row.country_code,),
        "device_and_country": (row.device_type, row.country_code),
    }
    return by_segment[row.segment]


def with_interval(rate: float | None, low: float | None, high: float | None) -> str:
    if rate is None or low is None:
        return formats.percent(rate, 2)
    return f"{formats.percent(rate, 2)} ({formats.percent(low, 2)} to {formats.percent(high, 2)})"


def faulty_rows(records: Sequence[Row]) -> list[tuple[str, ...]]:
    return [
        (
            formats.words(row.reason),
            row.fate,
            formats.words(row.entity),
            row.delivery_id,
            formats.count(row.records),
            formats.percent(row.share_of_records, 2),
            formats.dollars(row.revenue_usd),
            row.first_place,
        )
        for row in sorted(records, key=lambda row: -row.records)
    ]


def day_row(day: Row) -> tuple[str, ...]:
    state = " after the latest delivery" if day.is_after_last_delivery else "" if day.is_full_day else " not full"
    return (
        f"{day.event_date}{state}",
        formats.exact(day.revenue_usd),
        formats.exact(day.revenue_usd_as_delivered),
        formats.exact(day.revenue_usd_first_published),
        formats.change(day.revenue_usd_restated) if day.restatements else "",
        formats.count(day.impressions),
        formats.percent(day.fill_rate),
        formats.count(day.clicks),
        formats.percent(day.ctr, 2),
        formats.percent(day.viewability_rate),
    )


def total(rows: Iterable[Row], column: str) -> Any:
    return sum((getattr(row, column) for row in rows), Decimal(0) if column.startswith("revenue") else 0)
