"""Writes report/index.html from the marts on DuckDB: one page, charts inline, nothing loaded from elsewhere."""

import argparse
import html
import statistics
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from scripts.common import cli, settings

try:
    import altair as alt
    import vl_convert
except ModuleNotFoundError:
    alt = vl_convert = None

REPORT = Path("report/index.html")
CHART_WIDTH = 860
CHART_HEIGHT = 240
TOWERING = 20  # times the median: the other days would lie flat on the axis of a linear chart
BEFORE, NOW = "before the latest delivery", "now"
COLOURS = {BEFORE: "#9aa5b1", NOW: "#0b6e99"}
FATES = {
    "current": "#0b6e99",
    "replaced by a later record": "#9aa5b1",
    "set aside": "#e0a030",
    "rejected": "#c0392b",
    "blank": "#dfe3e8",
}

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
           sum(revenue_usd_as_delivered), sum(revenue_usd_invalid)
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
    select 'invalid revenue: ' || invalid_reason, count(*), min(_source_file || ', record ' || _source_row)
    from marts.fct_ad_events
    where invalid_reason is not null
    group by invalid_reason
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


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.report", description=__doc__)
    parser.add_argument("--out", type=Path, default=REPORT, metavar="FILE", help=f"default: {REPORT}")
    arguments = parser.parse_args()
    if alt is None:
        raise cli.UserError("altair is not installed: pip install -c constraints.txt '.[report]', or make setup")

    found = read_marts()
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(page(found), encoding="utf-8")
    for name, value in summary(found):
        print(f"{name:<34}{value}")
    print(f"report: {arguments.out}")
    return 0


def read_marts() -> dict[str, list[tuple]]:
    """The rows of every query of the report; a UserError where the marts are not built."""
    path = settings.duckdb_path()
    if not path.exists():
        raise cli.UserError(f"{path}: no such file; run dbt build --target dev first")
    queries = {
        "days": DAYS,
        "totals": TOTALS,
        "restatements": RESTATEMENTS,
        "pacing": PACING,
        "records": RECORDS,
        "reasons": REASONS,
        "publishers": PUBLISHERS,
    }
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            found = {name: connection.execute(query).fetchall() for name, query in queries.items()}
    except duckdb.Error as error:
        raise cli.UserError(f"{path}: {str(error).splitlines()[0]}; run dbt build --target dev first") from None
    if not found["days"]:
        raise cli.UserError(f"{path}: no ad events are built; land a drop and run dbt build --target dev first")
    return found


def summary(found: dict[str, list[tuple]]) -> list[tuple[str, str]]:
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
        ("revenue", f"${revenue:,.6f}, of which invalid ${invalid:,.6f}"),
        ("revenue as delivered", f"${as_delivered:,.6f}"),
        ("revenue before latest delivery", f"${before:,.6f}"),
        ("  changed by it", signed(revenue - before)),
    ]


def page(found: dict[str, list[tuple]]) -> str:
    days, records = found["days"], found["records"]
    last_delivery = max(row[1] for row in records).date()
    shown = [day for day in days if day[0] <= last_delivery]
    later = len(days) - len(shown)
    note = f" Not drawn: {later} later than the latest delivery, in the table of days." if later else ""
    revenue = [(day, series, float(value)) for day, now, before, *_ in shown for series, value in pairs(now, before)]
    fill = [(day, series, value) for day, _, _, now, before in shown for series, value in pairs(now, before)]
    fates = [(row[0], fate, count) for row in records for fate, count in zip(FATES, row[4:9], strict=True)]
    sections = [
        section("Summary", definitions(summary(found))),
        section(
            "Revenue by day",
            line_chart(revenue, "US dollars", "$,.0f"),
            "Revenue of each UTC day as it stood before the latest delivery, and now." + note,
        ),
        section(
            "Fill rate by day",
            line_chart(fill, "filled impressions / impressions", ".0%"),
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
            "Each campaign on its latest day: spend without what is invalid, against the linear pace of its flight. "
            "The pace compares with the linear pace of the days that have data.",
        ),
        section(
            "Records accounted for",
            bar_chart(fates) + table(RECORD_HEADERS, (record_row(row) for row in records)),
            "Every record of every events file, counted from the raw bytes, and what became of it.",
        ),
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
    return TEMPLATE.format(sections="\n".join(sections))


RECORD_HEADERS = ("delivery", "delivered at", "files", "read", "current", "replaced", "set aside", "rejected", "blank")
DAY_HEADERS = ("day", "revenue before", "revenue now", "change", "fill rate before", "fill rate now")


RESTATEMENT_HEADERS = (
    *("delivery", "day", "late", "changed", "set to NULL", "reappeared", "moved in", "moved out", "revenue"),
    "revenue as delivered",
)
PACING_HEADERS = (
    *("campaign", "flight", "days left", "budget", "spent", "linear pace", "projected end", "pace"),
    *("out of flight", "over budget"),
)


def restatement_row(row: tuple) -> tuple[str, ...]:
    return (row[0], str(row[1]), *(f"{count:,}" for count in row[2:8]), signed(row[8]), signed(row[9]))


def pacing_row(row: tuple) -> tuple[str, ...]:
    name, state, days_left, budget, spent, expected, projected, pace, out_of_flight, over_budget = row
    return (
        name,
        state.replace("_", " "),
        "" if days_left is None else str(days_left),
        *("" if amount is None else f"${amount:,.2f}" for amount in (budget, spent, expected, projected)),
        "" if pace is None else f"{pace:.1%}",
        *(f"${amount:,.2f}" for amount in (out_of_flight, over_budget)),
    )


def record_row(row: tuple) -> tuple[str, ...]:
    return (row[0], f"{row[1]:%Y-%m-%d %H:%M}", *(f"{count:,}" for count in row[2:9]))


def day_row(day: tuple) -> tuple[str, ...]:
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


def share(part: int, whole: int) -> str:
    return f"{part / whole:.2%}" if whole else "none"


def line_chart(points: list[tuple], title: str, number_format: str) -> str:
    rows = [{"day": str(day), "series": series, "value": value} for day, series, value in points]
    values = [value for *_, value in points]
    one_towers = min(values) >= 0 and max(values) > TOWERING * statistics.median(values)
    if one_towers:
        title += ", log scale"
    scale = alt.Scale(type="symlog") if one_towers else alt.Scale(zero=True)
    chart = (
        alt.Chart(alt.Data(values=rows))
        .mark_line(point=True)
        .encode(
            x=alt.X("day:T", title=None, axis=alt.Axis(format="%d %b", labelOverlap=True, tickCount="day")),
            y=alt.Y("value:Q", title=title, axis=alt.Axis(format=number_format), scale=scale),
            color=series_colour(COLOURS),
            strokeDash=alt.StrokeDash(
                "series:N", legend=None, scale=alt.Scale(domain=[BEFORE, NOW], range=[[5, 3], [1, 0]])
            ),
        )
    )
    return svg(chart, f"{title} by day")


def bar_chart(counts: list[tuple]) -> str:
    rows = [
        {"delivery": delivery, "series": fate, "value": int(count), "place": place}
        for place, (delivery, fate, count) in enumerate(counts)
    ]
    chart = (
        alt.Chart(alt.Data(values=rows))
        .mark_bar()
        .encode(
            y=alt.Y("delivery:N", title=None),
            x=alt.X("value:Q", title="records", axis=alt.Axis(format="~s")),
            color=series_colour(FATES),
            order=alt.Order("place:Q"),
        )
    )
    return svg(chart, "records by delivery and what became of them", height=alt.Step(34))


def series_colour(colours: dict[str, str]) -> Any:
    return alt.Color(
        "series:N",
        scale=alt.Scale(domain=list(colours), range=list(colours.values())),
        legend=alt.Legend(title=None, orient="top", columns=3),
    )


def svg(chart: Any, label: str, height: Any = CHART_HEIGHT) -> str:
    specification = chart.properties(width=CHART_WIDTH, height=height).configure_view(stroke=None).to_dict()
    drawing = vl_convert.vegalite_to_svg(specification)
    return f'<figure role="img" aria-label="{html.escape(label)}">{drawing}</figure>'


def section(title: str, body: str, note: str = "") -> str:
    lead = f"<p>{html.escape(note)}</p>" if note else ""
    return f"<section><h2>{html.escape(title)}</h2>{lead}{body}</section>"


def definitions(items: list[tuple[str, str]]) -> str:
    return "<dl>" + "".join(f"<dt>{html.escape(n.strip())}</dt><dd>{html.escape(v)}</dd>" for n, v in items) + "</dl>"


def table(headers: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    head = "".join(f"<th>{html.escape(header)}</th>" for header in headers)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


TEMPLATE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>duckhouse: ad serving</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; color: #1f2933; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }}
h1 {{ font-size: 1.6rem; }}
h2 {{ font-size: 1.2rem; margin-top: 2.5rem; border-bottom: 1px solid #dfe3e8; }}
figure {{ margin: 1rem 0; }}
figure svg {{ width: 100%; height: auto; }}
dl {{ display: grid; grid-template-columns: minmax(10rem, max-content) 1fr; gap: .2rem 1.5rem; }}
dt {{ color: #52606d; }}
dd {{ margin: 0; font-variant-numeric: tabular-nums; }}
.wide {{ overflow-x: auto; }}
table {{ border-collapse: collapse; font-size: .875rem; width: 100%; font-variant-numeric: tabular-nums; }}
th, td {{ text-align: right; padding: .25rem .6rem; border-bottom: 1px solid #eef1f4; white-space: nowrap; }}
th:first-child, td:first-child {{ text-align: left; }}
</style>
</head>
<body>
<h1>Ad serving</h1>
{sections}
</body>
</html>
"""


if __name__ == "__main__":
    cli.run(main)
