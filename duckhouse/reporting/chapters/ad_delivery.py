"""Ad delivery in the report: CTR with its interval, budgets that do not last, days and weeks, and extractions."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from duckhouse.reporting import charts, formats
from duckhouse.reporting.page import (
    DAYS_LATEST_FIRST,
    Chart,
    Fact,
    Found,
    Part,
    Row,
    Section,
    Table,
    Text,
    View,
    latest_days,
    latest_first,
)

HEADING = "Ad delivery"
VIEWS = {
    "extractions": View("rpt_ad_delivery_extractions", ("delivery_id", "table_name")),
    "campaigns": View("rpt_ad_delivery_campaigns", ("campaign_id",)),
    "pacing": View("rpt_ad_delivery_pacing", ("campaign_id",)),
    "days": View("rpt_ad_delivery_days", ("event_date",)),
    "weeks": View("rpt_ad_delivery_weeks", ("week_start",)),
    "hours": View("rpt_ad_delivery_hours", ("hour_of_day",)),
    "advertisers": View("rpt_ad_delivery_advertisers", ("advertiser_id",)),
    "bids": View("rpt_ad_delivery_bids", ("valid_from", "campaign_id")),
    "open_errors": View("rpt_ad_delivery_open_errors", ("event_date", "campaign_id"), quality=True),
}
MOST_CAMPAIGNS = 20
LEAST_IMPRESSIONS = 100  # for a CTR in the chart: with fewer, the interval would be as wide as the chart
NO_CAMPAIGN, NO_ADVERTISER = "no campaign", "no known advertiser"

DAY_HEADERS = ("day", "campaigns", "impressions", "clicks", "CTR", "spend")
WEEK_HEADERS = ("week from", "days", "impressions", "change", "clicks", "change", "CTR", "spend", "change")
HOUR_HEADERS = ("hour, UTC", "impressions", "of all", "clicks", "CTR")
BUDGET_HEADERS = ("campaign", "budget", "spent", "left", "spent a day", "used up on", "flight ends")
ADVERTISER_HEADERS = ("advertiser", "impressions", "of all", "clicks", "of all", "spend", "of all")
BID_HEADERS = ("campaign", "changed on", "bid before", "bid", "budget before", "budget", "days", "spent since")
ERROR_HEADERS = ("campaign", "day", "impressions", "clicks", "spend", "rules")
RUN_HEADERS = (
    *("run, UTC", "mode", "table", "adds up", "in PostgreSQL", "delivered", "in the warehouse"),
    *("new", "changed", "deleted", "without a time", "bytes behind"),
)
OF_CTR = (
    "Points: clicks / impressions, with the 95 % interval (Wilson). Campaigns whose intervals overlap may well do "
    "equally. More clicks than impressions: no interval, because a click does not say of which impression it is."
)
OF_DAYS = "UTC days. Impressions are back-dated by up to 8 days, so the latest days may still grow."
OF_WEEKS = "ISO weeks. Only a week that is over is compared with the one before."
OF_ADVERTISERS = "A day counts for the advertiser that had the campaign at its end."
OF_BIDS = "What was spent since is priced at the new bid, until the next change. The latest changes come first."
OF_ERRORS = "Days of campaigns that an open error is about. They are part of the figures above."
OF_RUNS = (
    "Rows of each table as PostgreSQL counted them, as all deliveries add up to, and as the warehouse holds them. "
    "Bytes behind: of the write-ahead log that was not in the delivery."
)


def facts(found: Found) -> list[Fact]:
    """The figures that the chapter opens with."""
    campaigns = found["campaigns"]
    impressions, clicks = (sum(getattr(row, name) for row in campaigns) for name in ("impressions", "clicks"))
    known = [row for row in campaigns if row.is_deleted is not None]
    short = short_budgets(found)
    used_up = sum(row.used_up_on is not None for row in short)
    timeless = sum(row.records_set_aside or 0 for row in found["extractions"])
    return [
        Fact("spend", formats.exact(spend_of(campaigns)), in_errors(found)),
        Fact("impressions", formats.count(impressions), after_the_last_day(found)),
        Fact("clicks", formats.count(clicks)),
        Fact("CTR", formats.share(clicks, impressions)),
        Fact("campaigns", formats.count(len(known)), f"{formats.count(sum(row.is_deleted for row in known))} deleted"),
        Fact("budgets used up", formats.count(used_up)),
        Fact("budgets that will not last", formats.count(len(short) - used_up), "at the pace of the last days"),
        *([Fact("events without a time", formats.count(timeless), "in no other figure")] if timeless else []),
        *last_extraction(found),
    ]


def in_errors(found: Found) -> str:
    errors = found["open_errors"]
    return "" if errors is None else f"{formats.dollars(spend_of(errors))} of it in open errors"


def after_the_last_day(found: Found) -> str:
    later = sum(row.impressions for row in found["days"] if row.is_after_last_delivery)
    return f"{formats.count(later)} on days after the last extraction" if later else ""


def last_extraction(found: Found) -> list[Fact]:
    runs = [row for row in found["extractions"] if row.is_latest]
    last = runs[0]
    behind = "" if last.lag_bytes is None else f", {formats.count(last.lag_bytes)} bytes of log behind"
    source, held = (sum(getattr(run, name) for run in runs) for name in ("source_rows", "warehouse_rows"))
    wrong = ", ".join(run.table_name for run in runs if not run.adds_up)
    verdict = f"wrong in {wrong}" if wrong else "they add up"
    return [
        Fact("last extraction", f"{formats.moment(last.delivered_at)} UTC", f"by {last.mode}{behind}"),
        Fact("rows in PostgreSQL", formats.count(source), f"{formats.count(held)} in the warehouse: {verdict}"),
    ]


def sections(found: Found) -> list[Section]:
    doubts = [errors(found)] if found["open_errors"] else []
    return [
        Section("Which campaigns are clicked most?", *ctr_by_campaign(found)),
        Section("Which budgets do not last to the end of the flight?", *budgets(found)),
        Section("How many impressions and clicks does each day have?", *by_day(found), folded=True),
        Section("How do weeks compare?", [weeks(found)], OF_WEEKS, folded=True),
        Section("At which hours are ads shown and clicked?", by_hour(found), folded=True),
        Section("Which share has each advertiser?", [advertisers(found)], OF_ADVERTISERS, folded=True),
        Section("Which bids and budgets changed?", [bids(found)], OF_BIDS, folded=True),
        *(Section("Which spend is in doubt?", [table], OF_ERRORS, folded=True) for table in doubts),
        Section("Does the warehouse hold what PostgreSQL holds?", [extractions(found)], OF_RUNS, folded=True),
    ]


def ctr_by_campaign(found: Found) -> tuple[list[Part], str]:
    shown = sorted(found["campaigns"], key=lambda row: -row.impressions)
    drawn = [row for row in shown[:MOST_CAMPAIGNS] if row.impressions >= LEAST_IMPRESSIONS]
    if not drawn:
        return [Text(f"No campaign has {LEAST_IMPRESSIONS} impressions.")], ""
    more = sum(row.impressions > 0 for row in shown) - len(drawn)
    note = f" Not drawn: {formats.counted(more, 'campaign')} with fewer impressions." if more else ""
    points = [
        {"name": campaign_of(row), "value": row.ctr, "low": row.ctr_low, "high": row.ctr_high}
        for row in sorted(drawn, key=lambda row: -row.ctr)
    ]
    return [charts.interval_chart(points, "CTR", ".1%", "CTR by campaign, with 95 % intervals")], OF_CTR + note


def budgets(found: Found) -> tuple[list[Part], str]:
    short = short_budgets(found)
    if not short:
        return [Text("No budget is used up, and none will be before the end of its flight.")], ""
    note = (
        f"As of the end of {short[0].report_day}, the last full day. Expected: at the average of the last days, the "
        "rest is used up before the last day of the flight. The latest come first."
    )
    return [Table("Budgets used up, or soon", BUDGET_HEADERS, map(budget_row, short))], note


def short_budgets(found: Found) -> list[Row]:
    """Budgets that ran out or will run out before the end of the flight, the latest first."""
    short = [row for row in found["pacing"] if row.used_up_on or row.is_used_up_early]
    return sorted(short, key=lambda row: row.runs_out_on, reverse=True)


def by_day(found: Found) -> tuple[list[Part], str]:
    shown, others = latest_days(found["days"], last_day(found))
    drawn: list[Part] = [
        charts.days_chart([(row.event_date, name, getattr(row, name)) for row in shown], name, "d", {name: colour})
        for name, colour in (("impressions", charts.BLUE), ("clicks", charts.ORANGE))
        if any(getattr(row, name) for row in shown)
    ]
    table = Table(DAYS_LATEST_FIRST, DAY_HEADERS, map(day_row, latest_first(found["days"])))
    return [*drawn, table], OF_DAYS + others


def last_day(found: Found) -> date:
    day: date = max(row.delivered_at for row in found["extractions"]).date()
    return day


def weeks(found: Found) -> Table:
    return Table("Weeks, the latest first", WEEK_HEADERS, map(week_row, reversed(found["weeks"])))


def by_hour(found: Found) -> list[Part]:
    rows = found["hours"]
    table = Table("Hours of all days", HOUR_HEADERS, map(hour_row, rows), shown=len(rows))
    return [*ctr_by_hour([row for row in rows if row.impressions]), table]


def ctr_by_hour(rows: Sequence[Row]) -> list[Chart]:
    if not rows:
        return []
    points = [{"name": hour_of(row), "value": row.ctr, "low": row.ctr_low, "high": row.ctr_high} for row in rows]
    return [charts.interval_chart(points, "CTR", ".1%", "CTR by hour of the day, with 95 % intervals")]


def advertisers(found: Found) -> Table:
    rows = sorted(found["advertisers"], key=lambda row: (-row.spend_usd, -row.impressions))
    return Table("Advertisers by spend", ADVERTISER_HEADERS, map(advertiser_row, rows))


def bids(found: Found) -> Table:
    changes = [row for row in reversed(found["bids"]) if row.period > 1]
    return Table("Changes of a bid or a budget", BID_HEADERS, map(bid_row, changes))


def errors(found: Found) -> Table:
    rows = sorted(found["open_errors"], key=lambda row: (-row.spend_usd, -row.impressions - row.clicks))
    return Table("Days in open errors, by spend", ERROR_HEADERS, map(error_row, rows))


def extractions(found: Found) -> Table:
    runs = sorted(found["extractions"], key=lambda row: row.delivered_at, reverse=True)
    return Table("Runs, the latest first", RUN_HEADERS, map(run_row, runs))


def spend_of(rows: Sequence[Row]) -> Decimal:
    return sum((row.spend_usd for row in rows), Decimal(0))


def campaign_of(row: Row) -> str:
    return NO_CAMPAIGN if row.campaign_id is None else f"{row.campaign_id} {row.campaign_name or '(unknown)'}"


def hour_of(row: Row) -> str:
    return f"{row.hour_of_day:02}:00"


def day_row(row: Row) -> tuple[str, ...]:
    return (
        str(row.event_date),
        formats.count(row.campaigns_with_impressions),
        formats.count(row.impressions),
        formats.count(row.clicks),
        formats.percent(row.ctr, 2),
        formats.dollars(row.spend_usd),
    )


def week_row(row: Row) -> tuple[str, ...]:
    return (
        f"{row.week_start}{'' if row.is_over else ' (goes on)'}",
        formats.count(row.days_with_impressions),
        formats.count(row.impressions),
        formats.percent(row.change_of_impressions),
        formats.count(row.clicks),
        formats.percent(row.change_of_clicks),
        formats.percent(row.ctr, 2),
        formats.dollars(row.spend_usd),
        formats.percent(row.change_of_spend),
    )


def hour_row(row: Row) -> tuple[str, ...]:
    return (
        hour_of(row),
        formats.count(row.impressions),
        formats.percent(row.share_of_impressions),
        formats.count(row.clicks),
        formats.percent(row.ctr, 2),
    )


def budget_row(row: Row) -> tuple[str, ...]:
    return (
        campaign_of(row),
        formats.dollars(row.budget_usd),
        formats.dollars(row.spend_usd),
        formats.dollars(row.budget_left_usd),
        formats.dollars(row.daily_pace_usd),
        f"{'' if row.used_up_on else 'expected '}{row.runs_out_on}",
        str(row.flight_end or ""),
    )


def advertiser_row(row: Row) -> tuple[str, ...]:
    return (
        NO_ADVERTISER if row.advertiser_id is None else f"{row.advertiser_id} {row.advertiser_name or '(unknown)'}",
        formats.count(row.impressions),
        formats.percent(row.share_of_impressions),
        formats.count(row.clicks),
        formats.percent(row.share_of_clicks),
        formats.dollars(row.spend_usd),
        formats.percent(row.share_of_spend),
    )


def bid_row(row: Row) -> tuple[str, ...]:
    return (
        campaign_of(row),
        formats.moment(row.valid_from),
        formats.dollars(row.bid_usd_before),
        formats.dollars(row.bid_usd),
        formats.dollars(row.budget_usd_before),
        formats.dollars(row.budget_usd),
        formats.count(row.days_priced),
        formats.dollars(row.spend_usd),
    )


def error_row(row: Row) -> tuple[str, ...]:
    return (
        campaign_of(row),
        str(row.event_date),
        formats.count(row.impressions),
        formats.count(row.clicks),
        formats.dollars(row.spend_usd),
        row.rules.replace(",", ", "),
    )


def run_row(row: Row) -> tuple[str, ...]:
    return (
        formats.moment(row.delivered_at),
        row.mode,
        row.table_name,
        "yes" if row.adds_up else "no",
        *map(formats.count, (row.source_rows, row.known_rows, row.warehouse_rows)),
        *map(formats.count, (row.new_rows, row.changed_rows, row.deleted_rows, row.records_set_aside, row.lag_bytes)),
    )
