"""Invalid traffic in the report: gross, general invalid, suspect and net, by day, and the signals behind them."""

from duckhouse.reporting.page import Found, Row, days_chart, dollars, folded, paragraph, section, share, table

HEADING = "Invalid traffic"
CLASSES = {"general invalid": "#c0392b", "suspect": "#e0a030"}

TOTALS = """
    select cast(sum(events) as bigint), cast(sum(events_general_invalid) as bigint),
           cast(sum(events_suspect) as bigint), cast(sum(events_net) as bigint), cast(sum(impressions) as bigint),
           cast(sum(impressions_general_invalid) as bigint), cast(sum(impressions_suspect) as bigint),
           cast(sum(impressions_net) as bigint), cast(sum(clicks) as bigint),
           cast(sum(clicks_general_invalid) as bigint), cast(sum(clicks_suspect) as bigint),
           cast(sum(clicks_net) as bigint), sum(revenue_usd), sum(revenue_usd_general_invalid),
           sum(revenue_usd_suspect), sum(revenue_usd_net), cast(sum(events_with_signals) as bigint)
    from marts.fct_ad_traffic_daily
"""
DAYS = """
    select event_date, cast(sum(events) as bigint), cast(sum(events_general_invalid) as bigint),
           cast(sum(events_suspect) as bigint), cast(sum(events_net) as bigint), sum(revenue_usd),
           sum(revenue_usd_general_invalid), sum(revenue_usd_suspect), sum(revenue_usd_net)
    from marts.fct_ad_traffic_daily
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
    inner join staging.dq_rules using (rule_id)
    left join counted using (rule_id)
    order by coalesce(events, 0) desc, points desc, rule_id
"""
LAST_DELIVERY = "select max(_delivered_at) from quality.fct_ad_event_records"
QUERIES = {
    "rows": "select 1 from marts.fct_ad_traffic_daily limit 1",
    "totals": TOTALS,
    "days": DAYS,
    "signals": SIGNALS,
    "last_delivery": LAST_DELIVERY,
}
SPLIT = ("gross", "general invalid", "suspect", "net")
TOTAL_HEADERS = ("", *SPLIT, "general invalid share", "suspect share")
DAY_HEADERS = ("day", *(f"{measure}, {part}" for measure in ("events", "revenue") for part in SPLIT))
SIGNAL_HEADERS = (
    *("signal", "events", "of them invalid or suspect", "points", "class"),
    "what it says, and what else may be behind it",
)


def summary(found: Found) -> list[tuple[str, str]]:
    totals = found["totals"][0]
    events, invalid, suspect, net = totals[:4]
    revenue, revenue_invalid, revenue_suspect, revenue_net = totals[12:16]
    return [
        ("events gross, net", f"{events:,}, {net:,}"),
        (
            "  general invalid, suspect",
            f"{invalid:,} ({share(invalid, events)}), {suspect:,} ({share(suspect, events)})",
        ),
        ("revenue gross, net", f"${revenue:,.6f}, ${revenue_net:,.6f}"),
        ("  general invalid, suspect", f"${revenue_invalid:,.6f}, ${revenue_suspect:,.6f}"),
        ("events with any signal", f"{totals[16]:,}"),
    ]


def sections(found: Found) -> list[str]:
    return [
        section("Gross to net", table(TOTAL_HEADERS, totals(found["totals"][0])), EXPLAINED),
        section("What is taken out, by day", by_day(found)),
        section(
            "Signals", f'<div class="prose">{table(SIGNAL_HEADERS, map(signal_row, found["signals"]))}</div>', SCORED
        ),
    ]


EXPLAINED = (
    "General invalid traffic is what a list or a parameter shows (a robot, a click without its impression). "
    "Suspect are events on which several weaker signals come together. Net is gross less both. "
    "Nothing is deleted: each event keeps its row, its score and the parts of its score."
)
SCORED = (
    "The points of the signals of an event add up to its score. A general signal is enough for general invalid; no "
    "other signal makes an event suspect alone. Events with too few points count as valid."
)


def totals(row: Row) -> list[tuple[str, ...]]:
    rows = []
    for place, name in enumerate(("events", "impressions", "clicks", "revenue")):
        gross, invalid, suspect, net = row[4 * place : 4 * place + 4]
        shown = dollars if name == "revenue" else "{:,}".format
        rows.append((name, *map(shown, (gross, invalid, suspect, net)), share(invalid, gross), share(suspect, gross)))
    return rows


def by_day(found: Found) -> str:
    [(last_delivery,)] = found["last_delivery"]
    drawn = [row for row in found["days"] if row[0] <= last_delivery.date()]
    events = [(row[0], name, row[place]) for row in drawn for place, name in enumerate(CLASSES, start=2)]
    revenue = [(row[0], name, row[place]) for row in drawn for place, name in enumerate(CLASSES, start=6)]
    charts = [
        days_chart(points, title, number_format, CLASSES)
        for points, title, number_format in ((events, "events", "d"), (revenue, "revenue, US dollars", "$,~r"))
        if any(value for *_, value in points)
    ]
    later = len(found["days"]) - len(drawn)
    note = f"Not drawn: {later} days later than the latest delivery, in the table." if later else ""
    text = "".join(charts) if charts else paragraph("Nothing was taken out on any day.")
    return (
        text
        + (paragraph(note) if charts and note else "")
        + folded("All days", table(DAY_HEADERS, map(day_row, found["days"])))
    )


def day_row(row: Row) -> tuple[str, ...]:
    return (str(row[0]), *(f"{count:,}" for count in row[1:5]), *map(dollars, row[5:9]))


def signal_row(row: Row) -> tuple[str, ...]:
    title, traffic_class, points, events, invalid, why = row
    return (title, f"{events:,}", f"{invalid:,}", str(points), traffic_class, why)
