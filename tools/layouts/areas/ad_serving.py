"""Layouts of the tables of ad serving, and what its questions read. A question runs on each layout of a table, and so
names {table}; the views of schema reporting read the layout that is built."""

from tools.layouts.tables import DAYS, MONTHS, NAIVE, Area, Layout, MeasuredTable, TimedQuery, most

SUMS = "sum(impressions), sum(revenue_usd)"
AD_EVENTS = "{marts}.fct_ad_events"
SUBJECTS = {
    "publisher": most("publisher_id", AD_EVENTS, "publisher_id is not null"),
    "campaign": most("campaign_id", AD_EVENTS, "campaign_id is not null"),
    "day": most("event_date", AD_EVENTS),
    "event": most("event_id", AD_EVENTS, "event_date = {day}"),
    "first_day": most("toStartOfMonth(event_date)", AD_EVENTS),
    "last_day": "select toString(toLastDayOfMonth(toDate32({first_day})))",
}
TABLES = (
    MeasuredTable(
        "marts",
        "fct_ad_events_daily",
        (
            NAIVE,
            Layout("8192 rows a granule, no projection", "publisher_id, ad_unit_id, campaign_id", DAYS),
            Layout("months", "publisher_id, event_date, ad_unit_id, campaign_id", MONTHS, 1024),
            Layout("by campaign", "campaign_id, publisher_id, ad_unit_id", DAYS, 1024),
        ),
        (
            TimedQuery(
                "a publisher's month by day",
                f"select event_date, {SUMS} from {{table}} where publisher_id = {{publisher}} "
                "and event_date between {first_day} and {last_day} group by event_date",
                "fct_publisher_performance",
            ),
            TimedQuery(
                "a publisher's day",
                f"select publisher_id, {SUMS} from {{table}} where publisher_id = {{publisher}} "
                "and event_date = {day} group by publisher_id",
                "fct_publisher_performance",
            ),
            TimedQuery(
                "all publishers on a day",
                f"select publisher_id, {SUMS} from {{table}} where event_date = {{day}} group by publisher_id",
                "fct_publisher_performance",
            ),
            TimedQuery(
                "invoices of a month of own days",
                "select publisher_id, sum(revenue_usd), sum(revenue_usd_invalid_records) from {table} "
                "where reporting_date between {first_day} and {last_day} group by publisher_id",
                "fct_publisher_performance",
            ),
            TimedQuery(
                "a campaign by day",
                f"select event_date, {SUMS} from {{table}} where campaign_id = {{campaign}} group by event_date",
                "fct_campaign_performance",
            ),
            TimedQuery(
                "a campaign by device and country",
                "select device_type, country_code, sum(clicks), sum(filled_impressions) from {table} "
                "where campaign_id = {campaign} group by device_type, country_code",
            ),
            TimedQuery(
                "all campaigns by device and country",
                "select device_type, country_code, sum(filled_impressions), sum(clicks), sum(viewable_impressions) "
                "from {table} where campaign_id is not null group by device_type, country_code",
            ),
            TimedQuery(
                "all ad units",
                f"select ad_unit_id, sum(filled_impressions), {SUMS} from {{table}} group by ad_unit_id",
            ),
        ),
    ),
    MeasuredTable(
        "marts",
        "fct_ad_events",
        (NAIVE, Layout("8192 rows a granule, no index", "publisher_id, event_id", DAYS)),
        (
            TimedQuery("an event", "select event_at, revenue_usd from {table} where event_id = {event}"),
            TimedQuery(
                "a publisher's day",
                "select event_type, count(), sum(revenue_usd) from {table} where publisher_id = {publisher} "
                "and event_date = {day} group by event_type",
            ),
            TimedQuery(
                "rebuild of a day of the daily mart",
                "select publisher_id, ad_unit_id, campaign_id, device_type, country_code, count(), sum(revenue_usd) "
                "from {table} where event_date = {day} group by all",
            ),
            TimedQuery("versions of the days", "select distinct event_date, _day_version from {table}"),
        ),
    ),
    MeasuredTable(
        "staging",
        "stg_ad_serving__events",
        (NAIVE, Layout("by file", "_source_file", "_delivery_id")),
        (
            TimedQuery(
                "records of a day",
                "select uniq(event_id), sum(revenue_usd), max(_delivery_id) from {table} "
                "where set_aside_reason is null and event_date = {day}",
            ),
            TimedQuery("deliveries that are held", "select distinct _delivery_id from {table}"),
        ),
    ),
)
AREA = Area(SUBJECTS, TABLES)
