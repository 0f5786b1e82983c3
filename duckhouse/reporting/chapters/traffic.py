"""Invalid traffic in the report: from gross to billable, by day, and the signals behind it."""

from collections.abc import Sequence
from typing import Any

from duckhouse.reporting.page import (
    Found,
    Row,
    days_chart,
    dollars,
    folded,
    latest_days,
    paragraph,
    section,
    share,
    table,
)

HEADING = "Invalid traffic"
STEPS = {
    "invalid records": "#7f8c8d",
    "general invalid traffic": "#c0392b",
    "suspect traffic": "#e0a030",
}
BRIDGE = ("gross", *STEPS, "billable")
MEASURES = ("events", "impressions", "clicks", "revenue_usd")


def sums(*measures: str) -> str:
    """The sums of the steps of each measure, in the order of BRIDGE; counts as bigint."""
    columns = ((name, f"{name}_{step.replace(' ', '_')}") for name in measures for step in BRIDGE)
    return ", ".join(
        f"sum({column})" if name == "revenue_usd" else f"cast(sum({column}) as bigint)" for name, column in columns
    )


TOTALS = f"""
    select cast(sum(events_with_signals) as bigint), {sums(*MEASURES)}
    from quality.fct_ad_gross_to_billable_daily
"""
DAYS = f"""
    select event_date, {sums("events", "revenue_usd")}
    from quality.fct_ad_gross_to_billable_daily
    group by event_date
    order by event_date
"""
SIGNALS = """
    with carried as (
        select split_part(unnest(string_split(parts, ',')), ' ', 1) as rule_id, traffic_class
        from quality.fct_ad_invalid_traffic
    ),
    counted as (
        select rule_id, count(*) as events, count(*) filter (traffic_class <> 'conspicuous') as events_invalid
        from carried
        group by rule_id
    )
    select title, traffic_class, points, coalesce(events, 0), coalesce(events_invalid, 0), signals.why
    from staging.invalid_traffic_signals as signals
    inner join quality.dim_dq_rules using (rule_id)
    left join counted using (rule_id)
    order by coalesce(events, 0) desc, points desc, rule_id
"""
LAST_DELIVERY = "select max(_delivered_at) from quality.fct_ad_event_records"
QUERIES = {
    "rows": "select 1 from quality.fct_ad_gross_to_billable_daily limit 1",
    "totals": TOTALS,
    "days": DAYS,
    "signals": SIGNALS,
    "last_delivery": LAST_DELIVERY,
}
TOTAL_HEADERS = ("", *BRIDGE, *(f"{step}, share" for step in STEPS))
DAY_HEADERS = ("day", *(f"{measure}, {step}" for measure in ("events", "revenue") for step in BRIDGE))
SIGNAL_HEADERS = (
    *("signal", "events", "of them invalid or suspect", "points", "class"),
    "what it says, and what else may be behind it",
)


def summary(found: Found) -> list[tuple[str, str]]:
    with_signals, *measures = found["totals"][0]
    events, *taken, billable = steps_of(measures, "events")
    revenue, *revenue_taken, revenue_billable = steps_of(measures, "revenue_usd")
    return [
        ("gross", f"{events:,} events, ${revenue:,.6f}"),
        *(
            (f"  less {step}", f"{count:,} ({share(count, events)}), ${amount:,.6f}")
            for step, count, amount in zip(STEPS, taken, revenue_taken, strict=True)
        ),
        ("billable", f"{billable:,} events, ${revenue_billable:,.6f}"),
        ("events with any signal", f"{with_signals:,}"),
    ]


def steps_of(measures: Sequence[Any], name: str) -> Sequence[Any]:
    """The steps of one measure, from gross to billable."""
    place = MEASURES.index(name) * len(BRIDGE)
    return measures[place : place + len(BRIDGE)]


def sections(found: Found) -> list[str]:
    return [
        section("From gross to billable", table(TOTAL_HEADERS, totals(found["totals"][0][1:])), EXPLAINED),
        section("What is taken out, by day", by_day(found)),
        section(
            "Signals", f'<div class="prose">{table(SIGNAL_HEADERS, map(signal_row, found["signals"]))}</div>', SCORED
        ),
    ]


EXPLAINED = (
    "Invalid records contradict themselves: negative revenue, revenue on an unfilled event, an unknown event type. "
    "General invalid traffic is what a list or a parameter shows (a robot, a click without its impression). "
    "Suspect are events on which several weaker signals come together. Billable is gross less all three; an event is "
    "taken off once, by the first step that it meets. "
    "Nothing is deleted: each event keeps its row, its score and the parts of its score."
)
SCORED = (
    "The points of the signals of an event add up to its score. A general signal is enough for general invalid; no "
    "other signal makes an event suspect alone. Events with too few points count as valid."
)


def totals(measures: Sequence[Any]) -> list[tuple[str, ...]]:
    rows = []
    for name in MEASURES:
        steps = steps_of(measures, name)
        gross, *taken, _ = steps
        shown = dollars if name == "revenue_usd" else "{:,}".format
        label = "revenue" if name == "revenue_usd" else name
        rows.append((label, *map(shown, steps), *(share(part, gross) for part in taken)))
    return rows


def by_day(found: Found) -> str:
    [(last_delivery,)] = found["last_delivery"]
    drawn, note = latest_days(found["days"], last_delivery.date())
    events = [(row[0], name, row[place]) for row in drawn for place, name in enumerate(STEPS, start=2)]
    revenue = [(row[0], name, row[place]) for row in drawn for place, name in enumerate(STEPS, start=len(BRIDGE) + 2)]
    charts = [
        days_chart(points, title, number_format, STEPS)
        for points, title, number_format in ((events, "events", "d"), (revenue, "revenue, US dollars", "$,~r"))
        if any(value for *_, value in points)
    ]
    text = "".join(charts) if charts else paragraph("Nothing was taken out on any day.")
    return (
        text
        + (paragraph(note) if charts and note else "")
        + folded("All days", table(DAY_HEADERS, map(day_row, found["days"])))
    )


def day_row(row: Row) -> tuple[str, ...]:
    events, revenue = row[1 : len(BRIDGE) + 1], row[len(BRIDGE) + 1 :]
    return (str(row[0]), *(f"{count:,}" for count in events), *map(dollars, revenue))


def signal_row(row: Row) -> tuple[str, ...]:
    title, traffic_class, points, events, invalid, why = row
    return (title, f"{events:,}", f"{invalid:,}", str(points), traffic_class, why)
