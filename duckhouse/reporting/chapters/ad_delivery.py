"""Ad delivery in the report: CTR with its interval, days, budgets that do not last, extractions that add up."""

import math
from datetime import date, datetime, timedelta
from decimal import Decimal
from statistics import NormalDist
from typing import Any, NamedTuple

from duckhouse.reporting.page import (
    MOST_DAYS,
    Found,
    Markup,
    Row,
    days_chart,
    definitions,
    dollars,
    first_rows,
    folded,
    interval_chart,
    paragraph,
    section,
    share,
    table,
)

HEADING = "Ad delivery"
CONFIDENCE = 0.95
MOST_CAMPAIGNS, MOST_RUNS = 30, 5
LEAST_IMPRESSIONS = 100  # of a drawn CTR: the interval of fewer would be as broad as the chart
DAYS_OF_PACE = 7

TOTALS = """
    with activity as (
        select coalesce(sum(impressions), 0) as impressions, coalesce(sum(clicks), 0) as clicks,
               coalesce(sum(spend_usd), 0) as spend_usd
        from marts.fct_ad_delivery_daily
    ),
    campaigns as (
        select count(*) as campaigns, count(*) filter (is_deleted) as deleted
        from marts.dim_ad_delivery_campaigns
    ),
    timeless as (
        select count(*) as events
        from marts.fct_ad_delivery_set_aside
    )
    select activity.*, campaigns.*, timeless.*
    from activity, campaigns, timeless
"""
CAMPAIGNS = """
    select coalesce(campaign_id || ' ' || campaign_name, campaign_id || ' (in no dimension)', '(none)'),
           cast(sum(impressions) as bigint), cast(sum(clicks) as bigint)
    from marts.fct_ad_delivery_hourly
    left join marts.dim_ad_delivery_campaigns using (campaign_id)
    group by campaign_id, campaign_name
    having sum(impressions) > 0
    order by 2 desc, campaign_id
"""
DAYS = """
    select event_date, cast(sum(impressions) as bigint), cast(sum(clicks) as bigint), sum(spend_usd)
    from marts.fct_ad_delivery_daily
    group by event_date
    order by event_date
"""
BUDGETS = f"""
    with latest as (
        select cast(max(_delivered_at) as date) - 1 as report_day
        from marts.fct_ad_delivery_extractions
    ),
    spends as (
        select campaigns.campaign_id, sum(spend_usd) as spent,
               coalesce(sum(spend_usd) filter (event_date > report_day - {DAYS_OF_PACE}), 0) as recently_spent,
               least(max(report_day - event_date) + 1, {DAYS_OF_PACE}) as recent_days,
               min(event_date) filter (spend_usd_to_date >= campaigns.budget_usd) as used_up_on
        from marts.fct_ad_delivery_daily as daily
        inner join marts.dim_ad_delivery_campaigns as campaigns using (campaign_id)
        cross join latest
        where event_date <= report_day
        group by campaigns.campaign_id
    )
    select campaign_id || ' ' || campaign_name, is_deleted, end_date, budget_usd, spent, recently_spent, recent_days,
           used_up_on, report_day
    from spends
    inner join marts.dim_ad_delivery_campaigns using (campaign_id)
    cross join latest
    where budget_usd is not null
    order by campaign_id
"""
EXTRACTIONS = f"""
    select _delivery_id, _delivered_at, mode, table_name, source_rows, known_rows, warehouse_rows, new_rows,
           changed_rows, deleted_rows, lag_bytes
    from marts.fct_ad_delivery_extractions
    qualify dense_rank() over (order by _delivery_id desc) <= {MOST_RUNS}
    order by _delivery_id desc, table_name
"""
QUERIES = {
    "rows": "select 1 from marts.fct_ad_delivery_extractions limit 1",
    "totals": TOTALS,
    "campaigns": CAMPAIGNS,
    "days": DAYS,
    "budgets": BUDGETS,
    "extractions": EXTRACTIONS,
}
DAY_HEADERS = ("day", "impressions", "clicks", "CTR", "spend")
BUDGET_HEADERS = ("campaign", "budget", "spent", "left", "a day", "used up on", "flight ends")
EXTRACTION_HEADERS = (
    *("run", "mode", "table", "source", "known", "warehouse", "new", "changed", "deleted", "behind", "adds up"),
)
OF_CTR = (
    "Points: clicks / impressions, with the 95 % interval (Wilson). Campaigns whose intervals overlap may well do "
    "equally. More clicks than impressions: no interval, because a click does not say of which impression it is."
)
OF_EXTRACTIONS = (
    "Rows of each table as PostgreSQL counted them, as all deliveries add up to, and as the warehouse holds them. "
    "Behind: bytes of the write-ahead log that were not in the delivery."
)


class Budget(NamedTuple):
    name: str
    is_deleted: bool
    end: date | None
    budget: Decimal
    spent: Decimal
    recently_spent: Decimal
    recent_days: int
    used_up_on: date | None
    report_day: date

    @property
    def runs_out_on(self) -> date | None:
        """The day on which it ran out or, at the pace of the last days, will before the end of the flight."""
        if self.used_up_on or self.is_deleted or self.end is None or self.recently_spent <= 0:
            return self.used_up_on
        days = math.ceil((self.budget - self.spent) * self.recent_days / self.recently_spent)
        return self.report_day + timedelta(days) if days < (self.end - self.report_day).days else None


class ExtractionRun(NamedTuple):
    delivery: str
    at: datetime
    mode: str
    table: str
    source: int
    known: int
    warehouse: int
    new: int
    changed: int
    deleted: int
    lag: int | None

    @property
    def adds_up(self) -> bool:
        return self.source == self.known == self.warehouse


def summary(found: Found) -> list[tuple[str, str]]:
    """The figures that the chapter opens with, named and formatted."""
    impressions, clicks, spend, campaigns, deleted, timeless = found["totals"][0]
    budgets = short_budgets(found)
    used_up = sum(1 for budget in budgets if budget.used_up_on)
    return [
        ("impressions, clicks", f"{impressions:,}, {clicks:,}"),
        ("CTR", rate(clicks, impressions)),
        ("spend", f"${spend:,.6f}"),
        ("campaigns, of them deleted", f"{campaigns:,}, {deleted:,}"),
        ("  budget used up, soon used up", f"{used_up:,}, {len(budgets) - used_up:,}"),
        *([("events without a time", f"{timeless:,}, in no other figure")] if timeless else []),
        *last_extraction(found),
    ]


def last_extraction(found: Found) -> list[tuple[str, str]]:
    runs = [ExtractionRun(*row) for row in found["extractions"] if row[0] == found["extractions"][0][0]]
    last = runs[0]
    behind = "" if last.lag is None else f", {last.lag:,} bytes of log behind"
    source, known, held = (sum(getattr(run, name) for run in runs) for name in ("source", "known", "warehouse"))
    wrong = [run.table for run in runs if not run.adds_up]
    verdict = f"wrong in {', '.join(wrong)}" if wrong else "they add up"
    return [
        ("last extraction", f"{last.at:%Y-%m-%d %H:%M} UTC, by {last.mode}{behind}"),
        ("  rows: source, known, warehouse", f"{source:,}, {known:,}, {held:,}: {verdict}"),
    ]


def sections(found: Found) -> list[str]:
    return [
        section("Summary", definitions(summary(found))),
        section("CTR by campaign", *ctr_by_campaign(found)),
        section("Impressions and clicks by day", *by_day(found)),
        section("Budgets that do not last", *budgets(found)),
        section("Extractions", table(EXTRACTION_HEADERS, map(run_row, found["extractions"])), OF_EXTRACTIONS),
    ]


def ctr_by_campaign(found: Found) -> tuple[str, str]:
    shown = [row for row in found["campaigns"][:MOST_CAMPAIGNS] if row[1] >= LEAST_IMPRESSIONS]
    if not shown:
        return paragraph(f"No campaign has {LEAST_IMPRESSIONS} impressions."), ""
    points = []
    for name, impressions, clicks in shown:
        low, high = wilson(clicks, impressions) or (None, None)
        points.append({"name": name, "value": clicks / impressions, "low": low, "high": high})
    more = len(found["campaigns"]) - len(shown)
    note = f" Not drawn: {more:,} with fewer impressions." if more else ""
    return interval_chart(points, "CTR", ".1%", "CTR by campaign, with 95 % intervals"), OF_CTR + note


def by_day(found: Found) -> tuple[str, str]:
    last_day = found["extractions"][0][1].date()
    first_day = last_day - timedelta(days=MOST_DAYS - 1)
    shown = [row for row in found["days"] if first_day <= row[0] <= last_day]
    elsewhere = sum(impressions + clicks for day, impressions, clicks, _ in found["days"]) - sum(
        impressions + clicks for _, impressions, clicks, _ in shown
    )
    charts = [
        days_chart([(row[0], name, row[place]) for row in shown], name, "d", {name: colour})
        for place, (name, colour) in enumerate((("impressions", "#0b6e99"), ("clicks", "#e0a030")), start=1)
        if any(row[place] for row in shown)
    ]
    note = f"UTC days, the last {MOST_DAYS} up to the last extraction; impressions are back-dated by up to 8 days."
    if elsewhere:
        note += f" Not drawn: {elsewhere:,} impressions and clicks of other days."
    return "".join(charts) + folded("These days", table(DAY_HEADERS, map(day_row, shown))), note


def budgets(found: Found) -> tuple[str, str]:
    short = short_budgets(found)
    if not short:
        return paragraph("No budget is used up, and none will be before the end of its flight."), ""
    shown, left_out = first_rows(short, MOST_CAMPAIGNS, "that were used up earlier")
    note = (
        f"As of the end of {short[0].report_day}, the last full day. Expected: at the average of the last "
        f"{DAYS_OF_PACE} days, or of those since the first, the rest is used up before the last day of the flight."
    )
    return table(BUDGET_HEADERS, map(budget_row, shown)), note + left_out


def short_budgets(found: Found) -> list[Budget]:
    """Those that ran out or will before the end of the flight, the latest first."""
    budgets_of = [Budget(*row) for row in found["budgets"]]
    short = [(day, budget) for budget in budgets_of if (day := budget.runs_out_on)]
    return [budget for _, budget in sorted(short, key=lambda pair: pair[0], reverse=True)]


def wilson(part: int, whole: int) -> tuple[float, float] | None:
    """The score interval of a share (Wilson 1927); None without a whole, and where the part is more than it."""
    if not whole or part > whole:
        return None
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    centre = part + z * z / 2
    reach = z * math.sqrt(part * (whole - part) / whole + z * z / 4)
    return max((centre - reach) / (whole + z * z), 0.0), min((centre + reach) / (whole + z * z), 1.0)


def rate(clicks: int, impressions: int) -> str:
    interval = wilson(clicks, impressions)
    between = f" ({interval[0]:.2%} to {interval[1]:.2%}, {CONFIDENCE:.0%})" if interval else ""
    return share(clicks, impressions) + between


def day_row(row: Row) -> tuple[str, ...]:
    day, impressions, clicks, spend = row
    return (str(day), f"{impressions:,}", f"{clicks:,}", share(clicks, impressions), dollars(spend))


def budget_row(budget: Budget) -> tuple[str, ...]:
    left = budget.budget - budget.spent
    expected = "" if budget.used_up_on else "expected "
    return (
        budget.name,
        dollars(budget.budget),
        dollars(budget.spent),
        f"{'-' if left < 0 else ''}{dollars(abs(left))}",
        dollars(budget.recently_spent / budget.recent_days),
        f"{expected}{budget.runs_out_on}",
        "" if budget.end is None else str(budget.end),
    )


def run_row(row: Row) -> tuple[Any, ...]:
    run = ExtractionRun(*row)
    return (
        f"{run.at:%Y-%m-%d %H:%M}",
        run.mode,
        run.table,
        *(f"{count:,}" for count in (run.source, run.known, run.warehouse, run.new, run.changed, run.deleted)),
        "" if run.lag is None else f"{run.lag:,}",
        "yes" if run.adds_up else Markup("<strong>no</strong>"),
    )
