"""Delivery and pacing: which budgets run out early or are not spent, and how campaigns are shown and clicked."""

from collections.abc import Sequence

import streamlit as st

from dashboard import charts, filters, parts
from dashboard.asking import Asking
from dashboard.filters import Period
from dashboard.parts import Tile
from duckhouse.reporting import formats
from duckhouse.warehouse.questions import Between, Condition, In, Question
from duckhouse.warehouse.reading import Row

TITLE = "Delivery and pacing"
ICON = ":material/speed:"

MOST_CAMPAIGNS = 25
LEAST_IMPRESSIONS = 100  # for a CTR in the chart: with fewer, an interval is as wide as the chart
SYSTEMS = {"ad_delivery": "Ad delivery", "ad_serving": "Ad serving"}
PACES = {"behind": "Behind", "ahead": "Ahead", "on pace": "On pace", "unknown": "Unknown"}
DAYS = {
    "impressions": ("Impressions", "count"),
    "clicks": ("Clicks", "count"),
    "spend_usd": ("Spend", "usd"),
    "ctr": ("CTR", "share"),
}
CTR_LABELS = {"ctr": "CTR", "ctr_low": "From", "ctr_high": "To"}
PACING_COUNTS = {
    "campaigns": "count(*)",
    "budget": "sum(budget_usd)",
    "budget_left": "sum(budget_left_usd)",
    "used_up": "count(used_up_on)",
    "early": "sum(case when is_used_up_early and used_up_on is null then 1 else 0 end)",
    "out_of_flight": "sum(spend_usd_out_of_flight)",
}
SERVED_COUNTS = {
    "campaigns": "count(*)",
    "in_flight": "sum(case when flight_state = 'in_flight' then 1 else 0 end)",
    "behind": "sum(case when pace = 'behind' then 1 else 0 end)",
    "ahead": "sum(case when pace = 'ahead' then 1 else 0 end)",
    "out_of_flight": "sum(spend_usd_out_of_flight)",
    "over_budget": "sum(spend_usd_over_budget)",
}


def show(asking: Asking) -> None:
    system = filters.one_of("Campaigns of", "system", SYSTEMS)
    if system == "ad_serving":
        of_ad_serving(asking)
    else:
        of_ad_delivery(asking)


def of_ad_delivery(asking: Asking) -> None:
    days = parts.known_days(asking, "rpt_ad_delivery_days", "ad delivery", In("is_over", (True,)))
    if not days:
        return
    period = filters.period(*days)
    campaign = filters.choice("Campaign", "campaign", campaigns(asking), "All campaigns")
    of_campaign = () if campaign is None else (In("campaign_id", (int(campaign),)),)
    pace_tiles(asking, period, of_campaign)
    budgets(asking, of_campaign)
    by_day(asking, period, of_campaign)
    clicked(asking)
    bids(asking, of_campaign)
    if not of_campaign:
        weeks(asking)
        hours(asking)
        advertisers(asking)
    open_errors(asking, of_campaign)
    extractions(asking)


def campaigns(asking: Asking) -> dict[str, str]:
    known = asking.rows(Question("rpt_ad_delivery_campaigns", order_by=("campaign_name", "campaign_id")))
    return {str(row.campaign_id): campaign_of(row) for row in known if row.campaign_id is not None}


def campaign_of(row: Row) -> str:
    return "no campaign" if row.campaign_id is None else f"{row.campaign_name or 'unknown'} · {row.campaign_id}"


def pace_tiles(asking: Asking, period: Period, of_campaign: tuple[Condition, ...]) -> None:
    """What was spent, and the budgets to look at first."""
    spent = Question(
        "fct_ad_delivery_daily",
        measures=parts.asked(["spend"], "fct_ad_delivery_daily"),
        where=of_campaign,
        schema="marts",
    )
    parts.figures(asking.one(parts.compared(spent, period)), ["spend"])
    pacing = asking.one(Question("rpt_ad_delivery_pacing", measures=PACING_COUNTS, where=of_campaign))
    parts.tiles(
        Tile("Budgets", formats.dollars(pacing.budget), f"{formats.dollars(pacing.budget_left)} left"),
        Tile("Used up", formats.count(pacing.used_up), f"of {formats.counted(pacing.campaigns, 'campaign')}"),
        Tile("Will run out early", formats.count(pacing.early), "before the flight ends"),
        Tile(
            "Spent out of flight",
            formats.dollars(pacing.out_of_flight),
            "before the flight too",
            "US dollars on all days before or after the flight. Events may be back-dated, so a few days before the "
            "start are no error (var dq_back_dated_days); Data quality lists what is one.",
        ),
    )


def budgets(asking: Asking, of_campaign: tuple[Condition, ...]) -> None:
    st.subheader("Which budgets run out early, and which are not spent?")
    asked = Question(
        "rpt_ad_delivery_pacing", where=of_campaign, order_by=("-is_used_up_early", "runs_out_on", "campaign_id")
    )
    rows = asking.rows(asked)
    draw_budgets(rows, "spend_usd", {"even_pace_usd": "even pace up to now", "budget_usd": "budget"})
    labels = {
        "campaign_name": "Campaign",
        "campaign_id": "Id",
        "budget_usd": "Budget",
        "spend_usd": "Spent",
        "budget_left_usd": "Left",
        "even_pace_usd": "At an even pace",
        "pace_ratio": "Pace",
        "daily_pace_usd": "Spent a day",
        "runs_out_on": "Runs out on",
        "flight_start": "Flight from",
        "flight_end": "Flight to",
        "is_used_up_early": "Runs out early",
        "spend_usd_out_of_flight": "Out of flight",
        "is_deleted": "Deleted",
    }
    parts.table(asking, asked, "Budgets", labels)
    if rows:
        st.caption(
            f"As of the end of {rows[0].report_day}, the last full day. Pace: spent of what an even pace would have "
            "spent; none before the flight begins. Runs out: at what was spent a day lately."
        )


def draw_budgets(rows: Sequence[Row], spent: str, ticks: dict[str, str]) -> None:
    if rows:
        shown = rows[:MOST_CAMPAIGNS]
        drawn = charts.bullets(shown, list(map(campaign_of, shown)), (spent, "Spent"), ticks, "usd")
        parts.chart(drawn, f"What campaigns spent, with marks at {' and '.join(ticks.values())}")


def by_day(asking: Asking, period: Period, of_campaign: tuple[Condition, ...]) -> None:
    st.subheader("How does delivery develop?")
    name = filters.one_of("Figure", "figure", {column: told for column, (told, _) in DAYS.items()})
    told, unit = DAYS[name]
    if of_campaign:
        view, schema = "fct_ad_delivery_daily", "marts"
    else:
        view, schema = "rpt_ad_delivery_days", "reporting"
    asked = Question(view, where=(period.around(), *of_campaign), order_by=("event_date",), schema=schema)
    with_interval = name == "ctr" and not of_campaign
    rows = asking.rows(asked)
    parts.chart(
        charts.lines(rows, "event_date", {name: told}, unit, with_interval), f"{told} by day up to {period.last}"
    )
    labels = {
        "event_date": "Day",
        "campaigns_with_impressions": "Campaigns shown",
        "impressions": "Impressions",
        "clicks": "Clicks",
        **CTR_LABELS,
        "bid_usd": "Bid",
        "spend_usd": "Spend",
        "spend_usd_to_date": "Spent to date",
        "budget_left_usd": "Budget left",
        "is_in_flight": "In flight",
    }
    parts.table(asking, asked, "Days", labels)
    st.caption("UTC days. Impressions are back-dated by up to 8 days, so the latest days may still grow.")


def clicked(asking: Asking) -> None:
    st.subheader("Which campaigns are clicked most?")
    asked = Question("rpt_ad_delivery_campaigns", order_by=("-ctr", "-impressions", "campaign_id"))
    drawn = asking.rows(asked.narrowed(Between("impressions", LEAST_IMPRESSIONS)).limited(MOST_CAMPAIGNS))
    if drawn:
        parts.chart(
            charts.intervals(drawn, list(map(campaign_of, drawn)), "ctr", "share", "CTR"),
            "CTR by campaign, with 95 % intervals",
        )
    labels = {
        "campaign_name": "Campaign",
        "campaign_id": "Id",
        "advertiser_name": "Advertiser",
        "impressions": "Impressions",
        "clicks": "Clicks",
        **CTR_LABELS,
        "spend_usd": "Spend",
        "is_deleted": "Deleted",
    }
    parts.table(asking, asked, "Campaigns", labels)
    st.caption(
        f"All days; in the chart from {LEAST_IMPRESSIONS} impressions on. Campaigns whose intervals overlap may well "
        "do equally. More clicks than impressions have no interval: a click does not say of which impression it is."
    )


def bids(asking: Asking, of_campaign: tuple[Condition, ...]) -> None:
    st.subheader("How did bids and budgets change?")
    asked = Question("rpt_ad_delivery_bids", where=of_campaign, order_by=("-valid_from", "campaign_id"))
    changes = asked if of_campaign else asked.narrowed(Between("period", 2))
    labels = {
        "campaign_name": "Campaign",
        "campaign_id": "Id",
        "valid_from": "From, UTC",
        "valid_to": "To, UTC",
        "bid_usd_before": "Bid before",
        "bid_usd": "Bid",
        "budget_usd_before": "Budget before",
        "budget_usd": "Budget",
        "days_priced": "Days at it",
        "impressions": "Impressions at it",
        "spend_usd": "Spent at it",
    }
    parts.table(asking, changes, "Bids and budgets", labels)


def weeks(asking: Asking) -> None:
    st.subheader("How do weeks compare?")
    labels = {
        "week_start": "Week from",
        "is_over": "Over",
        "impressions": "Impressions",
        "change_of_impressions": "Change of impressions",
        "clicks": "Clicks",
        "change_of_clicks": "Change of clicks",
        "ctr": "CTR",
        "spend_usd": "Spend",
        "change_of_spend": "Change of spend",
    }
    parts.table(asking, Question("rpt_ad_delivery_weeks", order_by=("-week_start",)), "Weeks", labels)
    st.caption("Weeks from Monday. Only a week that is over is compared with the one before.")


def hours(asking: Asking) -> None:
    st.subheader("At which hours are ads shown and clicked?")
    asked = Question("rpt_ad_delivery_hours", order_by=("hour_of_day",))
    rows = [row for row in asking.rows(asked) if row.ctr is not None]
    if rows:
        names = [f"{row.hour_of_day:02}:00" for row in rows]
        parts.chart(charts.intervals(rows, names, "ctr", "share", "CTR"), "CTR by hour of the day, with 95 % intervals")
    labels = {
        "hour_of_day": "Hour, UTC",
        "impressions": "Impressions",
        "share_of_impressions": "Of all",
        "clicks": "Clicks",
        **CTR_LABELS,
    }
    parts.table(asking, asked, "Hours", labels)


def advertisers(asking: Asking) -> None:
    st.subheader("Which share has each advertiser?")
    labels = {
        "advertiser_name": "Advertiser",
        "advertiser_id": "Id",
        "spend_usd": "Spend",
        "share_of_spend": "Of all spend",
        "impressions": "Impressions",
        "share_of_impressions": "Of all impressions",
        "clicks": "Clicks",
        "share_of_clicks": "Of all clicks",
        "is_deleted": "Deleted",
    }
    parts.table(
        asking, Question("rpt_ad_delivery_advertisers", order_by=("-spend_usd", "-impressions")), "Advertisers", labels
    )
    st.caption("A day counts for the advertiser that had the campaign at its end.")


def open_errors(asking: Asking, of_campaign: tuple[Condition, ...]) -> None:
    if not asking.has("rpt_ad_delivery_open_errors"):
        return
    st.subheader("Which spend is in doubt?")
    labels = {
        "campaign_name": "Campaign",
        "campaign_id": "Id",
        "event_date": "Day",
        "impressions": "Impressions",
        "clicks": "Clicks",
        "spend_usd": "Spend",
        "rules": "Rules",
    }
    asked = Question(
        "rpt_ad_delivery_open_errors", where=of_campaign, order_by=("-spend_usd", "-event_date", "campaign_id")
    )
    parts.table(asking, asked, "Days in open errors", labels)


def extractions(asking: Asking) -> None:
    st.subheader("Does the warehouse hold what PostgreSQL holds?")
    labels = {
        "delivered_at": "Run, UTC",
        "table_name": "Table",
        "mode": "Mode",
        "adds_up": "Adds up",
        "source_rows": "In PostgreSQL",
        "known_rows": "Delivered",
        "warehouse_rows": "In the warehouse",
        "new_rows": "New",
        "changed_rows": "Changed",
        "deleted_rows": "Deleted",
        "records_set_aside": "Without a time",
        "lag_bytes": "Bytes behind",
    }
    asked = Question("rpt_ad_delivery_extractions", order_by=("-delivered_at", "table_name"))
    parts.table(asking, asked, "Extractions", labels)


def of_ad_serving(asking: Asking) -> None:
    days = parts.known_days(asking, "rpt_ad_serving_campaigns", "ad serving", column="pace_date")
    if not days:
        return
    pace = filters.choice("Pace", "pace", PACES, "Any pace")
    counts = asking.one(Question("rpt_ad_serving_campaigns", measures=SERVED_COUNTS))
    parts.tiles(
        Tile("Campaigns", formats.count(counts.campaigns), f"{formats.count(counts.in_flight)} in flight"),
        Tile("Behind", formats.count(counts.behind)),
        Tile("Ahead", formats.count(counts.ahead)),
    )
    parts.tiles(
        Tile("Spent out of flight", formats.dollars(counts.out_of_flight), "not billable to the advertiser"),
        Tile("Spent over budget", formats.dollars(counts.over_budget), "not billable to the advertiser"),
    )
    st.subheader("Which campaigns spend too fast or too slowly?")
    asked = Question(
        "rpt_ad_serving_campaigns",
        where=filters.only("pace", pace),
        order_by=("-projected_gap_usd", "campaign_id"),
    )
    rows = [row for row in asking.rows(asked) if row.pace_date is not None]
    draw_budgets(rows, "spend_usd_to_date", {"expected_spend_usd": "even pace up to now", "pace_budget_usd": "budget"})
    labels = {
        "campaign_name": "Campaign",
        "campaign_id": "Id",
        "advertiser_name": "Advertiser",
        "pace": "Is",
        "pace_ratio": "Pace",
        "spend_usd_to_date": "Spent",
        "expected_spend_usd": "At an even pace",
        "pace_budget_usd": "Budget",
        "projected_end_spend_usd": "Projected at the end",
        "projected_gap_usd": "Budget not spent",
        "flight_state": "Flight",
        "start_date": "From",
        "end_date": "To",
        "days_left": "Days left",
        "spend_usd_out_of_flight": "Out of flight",
        "days_out_of_flight": "Days out of flight",
        "spend_usd_over_budget": "Over budget",
    }
    parts.table(asking, asked, "Campaigns", labels)
    st.caption(
        "Pace: spent of what an even pace would have spent up to the last day of the flight that is over. At the end: "
        "if the rest of the flight goes on as before."
    )
    of_campaign(asking)


def of_campaign(asking: Asking) -> None:
    known = asking.rows(Question("rpt_ad_serving_campaigns", order_by=("campaign_name", "campaign_id")))
    names = {row.campaign_id: campaign_of(row) for row in known if row.campaign_id}
    campaign = filters.choice("Campaign", "served", names, "Choose a campaign to see its days")
    if not campaign:
        return
    days = Question(
        "fct_campaign_pacing", where=(In("campaign_id", (campaign,)),), order_by=("event_date",), schema="marts"
    )
    series = {"spend_usd_to_date": "spent", "expected_spend_usd": "even pace", "budget_usd": "budget"}
    parts.chart(
        charts.lines(asking.rows(days), "event_date", series, "usd"),
        "Spent, even pace and budget of the campaign by day",
    )
    labels = {
        "event_date": "Day",
        "flight_state": "Flight",
        "spend_usd": "Spend",
        "spend_usd_to_date": "Spent to date",
        "expected_spend_usd": "At an even pace",
        "pace_ratio": "Pace",
        "budget_usd": "Budget",
        "spend_usd_out_of_flight": "Out of flight",
        "spend_usd_over_budget": "Over budget",
    }
    parts.table(asking, days, "Days of the campaign", labels)
