"""Ad serving in the report: revenue by day, why it changed, pacing, records, publishers."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from duckhouse.reporting.page import (
    Found,
    Row,
    definitions,
    latest_days,
    line_chart,
    paragraph,
    records_section,
    section,
    share,
    table,
)

HEADING = "Ad serving"
BEFORE, NOW = "before the latest delivery", "now"
NO_DAY = paragraph("All events are of days after the latest delivery.")
COLOURS = {BEFORE: "#9aa5b1", NOW: "#0b6e99"}

DAYS = """
    with latest as (
        select max(_delivery_id) as delivery_id
        from quality.fct_ad_event_records
    ),
    now_days as (
        select event_date, sum(impressions) as impressions, sum(filled_impressions) as filled_impressions,
               sum(revenue_usd) as revenue_usd
        from marts.fct_ad_events_daily
        group by event_date
    ),
    before_days as (
        select event_date, sum(impressions) as impressions, sum(filled_impressions) as filled_impressions,
               sum(revenue_usd) as revenue_usd
        from marts.fct_ad_events_as_of
        cross join latest
        where _delivery_id < delivery_id and coalesce(superseded_by_delivery_id >= delivery_id, true)
        group by event_date
    )
    select event_date, now_days.revenue_usd, before_days.revenue_usd,
           now_days.filled_impressions / nullif(now_days.impressions, 0),
           before_days.filled_impressions / nullif(before_days.impressions, 0)
    from now_days
    left join before_days using (event_date)
    order by event_date
"""
RESTATEMENTS = """
    select _delivery_id, event_date, sum(events_late), sum(events_changed), sum(events_set_to_null),
           sum(events_reappeared), sum(events_moved_in), sum(events_moved_out), sum(revenue_usd_difference),
           sum(revenue_usd_as_delivered_difference)
    from marts.fct_revenue_restatements
    group by _delivery_id, event_date
    order by _delivery_id, event_date
"""
PACING = """
    select coalesce(campaign_name, campaign_id || ' (in no dimension)'), flight_state, days_left, pacing.budget_usd,
           spend_usd_to_date, expected_spend_usd, projected_end_spend_usd, pace_ratio,
           spend_usd_out_of_flight_to_date, spend_usd_over_budget_to_date
    from marts.fct_campaign_pacing as pacing
    left join marts.dim_campaigns using (campaign_id)
    qualify row_number() over (partition by campaign_id order by event_date desc) = 1
    order by spend_usd_to_date desc, 1
"""
TOTALS = """
    select sum(impressions), sum(filled_impressions), sum(clicks), sum(viewable_impressions), sum(revenue_usd),
           sum(revenue_usd_as_delivered), sum(revenue_usd_invalid_records)
    from marts.fct_ad_events_daily
"""
RECORDS = """
    select _delivery_id, min(_delivered_at), count(*), sum(records_read), sum(records_current),
           sum(records_replaced_in_delivery + records_replaced_by_delivery), sum(records_set_aside),
           sum(records_rejected), sum(records_blank)
    from quality.fct_ad_event_records
    group by _delivery_id
    order by _delivery_id
"""
REASONS = """
    select 'rejected: ' || reason, count(*), min(_source_file || ', line ' || _source_row)
    from staging.stg_ad_serving__rejected
    group by reason
    union all
    select 'set aside: ' || set_aside_reason, count(*), min(_source_file || ', record ' || _source_row)
    from marts.fct_ad_events_set_aside
    group by set_aside_reason
    union all
    select 'invalid record: ' || invalid_record_reason, count(*), min(_source_file || ', record ' || _source_row)
    from marts.fct_ad_events
    where invalid_record_reason is not null
    group by invalid_record_reason
    order by 2 desc, 1
"""
PUBLISHERS = """
    select coalesce(publisher_name, performance.publisher_id || ' (in no dimension)', '(none)'), sum(impressions),
           sum(filled_impressions) / nullif(sum(impressions), 0), sum(clicks), sum(performance.revenue_usd)
    from marts.fct_publisher_performance as performance
    left join marts.dim_publishers using (publisher_id)
    group by 1
    order by 5 desc, 1
"""
QUERIES = {
    "rows": "select 1 from marts.fct_ad_events limit 1",
    "days": DAYS,
    "totals": TOTALS,
    "restatements": RESTATEMENTS,
    "pacing": PACING,
    "records": RECORDS,
    "reasons": REASONS,
    "publishers": PUBLISHERS,
}


def summary(found: Found) -> list[tuple[str, str]]:
    """The figures that the report opens with, named and formatted."""
    impressions, filled, clicks, viewable, revenue, as_delivered, invalid = found["totals"][0]
    records = found["records"]
    read, current, replaced, set_aside, rejected, blank = (sum(row[place] for row in records) for place in range(3, 9))
    before = sum((day[2] or Decimal(0) for day in found["days"]), Decimal(0))
    accounted = current + replaced + set_aside + rejected + blank
    return [
        ("deliveries with events", f"{len(records):,}"),
        ("records read", f"{read:,}, {'all' if read == accounted else f'{accounted:,}'} accounted for"),
        ("  current events", f"{current:,}"),
        ("  replaced by a later record", f"{replaced:,}"),
        ("  set aside, rejected, blank", f"{set_aside:,}, {rejected:,}, {blank:,}"),
        ("impressions, filled", f"{impressions:,}, {filled:,} ({share(filled, impressions)})"),
        ("clicks, viewable impressions", f"{clicks:,}, {viewable:,}"),
        ("revenue", f"${revenue:,.6f} gross, of which invalid records ${invalid:,.6f}"),
        ("revenue as delivered", f"${as_delivered:,.6f}"),
        ("revenue before latest delivery", f"${before:,.6f}"),
        ("  changed by it", signed(revenue - before)),
    ]


def sections(found: Found) -> list[str]:
    days, records = found["days"], found["records"]
    shown, note = latest_days(days, max(row[1] for row in records).date())
    revenue = [(day, series, float(value)) for day, now, before, *_ in shown for series, value in pairs(now, before)]
    fill = [(day, series, value) for day, _, _, now, before in shown for series, value in pairs(now, before)]
    return [
        section("Summary", definitions(summary(found))),
        section(
            "Revenue by day",
            line_chart(revenue, "US dollars", "$,.0f", COLOURS) if revenue else NO_DAY,
            "Revenue of each UTC day as it stood before the latest delivery, and now." + note,
        ),
        section(
            "Fill rate by day",
            line_chart(fill, "filled impressions / impressions", ".0%", COLOURS) if fill else NO_DAY,
            "Share of impressions for which an ad was served." + note,
        ),
        section(
            "Why figures changed after a day was published",
            table(RESTATEMENT_HEADERS, (restatement_row(row) for row in found["restatements"])),
            "Each later delivery that touched a published day, and what it brought.",
        ),
        section(
            "Campaign pacing",
            table(PACING_HEADERS, (pacing_row(row) for row in found["pacing"])),
            "Each campaign on its latest day: spend net of invalid records, against the linear pace of its flight. "
            "The pace compares with the linear pace of the days that have data.",
        ),
        records_section(records),
        section(
            "What was set aside, and why",
            table(("reason", "records", "for example"), ((r, f"{n:,}", where) for r, n, where in found["reasons"])),
            "Nothing is deleted: rejected records keep their text, the others their row.",
        ),
        section(
            "Publishers",
            table(
                ("publisher", "impressions", "fill rate", "clicks", "revenue"),
                (
                    (name, f"{impressions:,}", f"{fill_rate or 0:.1%}", f"{clicks:,}", f"${amount:,.2f}")
                    for name, impressions, fill_rate, clicks, amount in found["publishers"]
                ),
            ),
        ),
        section("Days", table(DAY_HEADERS, (day_row(day) for day in days))),
    ]


DAY_HEADERS = ("day", "revenue before", "revenue now", "change", "fill rate before", "fill rate now")


RESTATEMENT_HEADERS = (
    *("delivery", "day", "late", "changed", "set to NULL", "reappeared", "moved in", "moved out", "revenue"),
    "revenue as delivered",
)
PACING_HEADERS = (
    *("campaign", "flight", "days left", "budget", "spent", "linear pace", "projected end", "pace"),
    *("out of flight", "over budget"),
)


def restatement_row(row: Row) -> tuple[str, ...]:
    return (row[0], str(row[1]), *(f"{count:,}" for count in row[2:8]), signed(row[8]), signed(row[9]))


def pacing_row(row: Row) -> tuple[str, ...]:
    name, state, days_left, budget, spent, expected, projected, pace, out_of_flight, over_budget = row
    return (
        name,
        state.replace("_", " "),
        "" if days_left is None else str(days_left),
        *("" if amount is None else f"${amount:,.2f}" for amount in (budget, spent, expected, projected)),
        "" if pace is None else f"{pace:.1%}",
        *(f"${amount:,.2f}" for amount in (out_of_flight, over_budget)),
    )


def day_row(day: Row) -> tuple[str, ...]:
    date, now, before, fill_now, fill_before = day
    return (
        str(date),
        "" if before is None else f"${before:,.6f}",
        f"${now:,.6f}",
        signed(now - (before or 0)),
        "" if fill_before is None else f"{fill_before:.2%}",
        "" if fill_now is None else f"{fill_now:.2%}",
    )


def pairs(now: Any, before: Any) -> Iterable[tuple[str, Any]]:
    return [(series, value) for series, value in ((BEFORE, before), (NOW, now)) if value is not None]


def signed(dollars: Decimal) -> str:
    return f"{'-' if dollars < 0 else '+'}${abs(dollars):,.6f}"
