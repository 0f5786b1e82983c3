"""Layouts of the tables of ad delivery, and what its questions read."""

from tools.layouts.tables import AS_BUILT, DAYS, MONTHS, NAIVE, Area, Layout, MeasuredTable, TimedQuery, most

IMPRESSIONS = "{staging}.stg_ad_delivery__impressions"
BY_DELIVERY = "_delivery_id"
IN_ORDER = "event_date, impression_id"
NUMBERS = ("impression_id", "_source_row", "campaign_id", "created_at")
# as an application writes them: the generator makes one campaign after another, with times at full minutes before now
MIXED = (
    "select * replace (intHash32(impression_id) % 100 + 1 as campaign_id, "
    "created_at + toIntervalMicrosecond(cityHash64(impression_id) % 60000000) as created_at) from {table}"
)
SUBJECTS = {
    "delivery": f"select toString(max(_delivery_id)) from {IMPRESSIONS} having count() > 0",
    "impression": f"select toString(quantileExact(impression_id)) from {IMPRESSIONS} having count() > 0",
    "campaign": most("campaign_id", IMPRESSIONS, "campaign_id is not null"),
    "day": most("event_date", IMPRESSIONS, "event_date is not null"),
    "week_before": "select toString(toDate32({day}) - 6)",
}


def of_newest(keys: str, of_records: str = "", chosen: str = "*") -> str:
    """The rows with the keys of the records of the newest delivery."""
    records = f"select {of_records or keys} from {IMPRESSIONS} where _delivery_id = {{delivery}}"
    return f"select {chosen} from {{table}} where ({keys}) in ({records})"


def all_numbers(codec: str, of_others: str) -> Layout:
    return Layout(codec, IN_ORDER, BY_DELIVERY, codec=of_others, codecs=dict.fromkeys(NUMBERS, codec))


CODECS = (
    Layout(AS_BUILT, IN_ORDER, BY_DELIVERY),
    all_numbers("LZ4", "LZ4"),
    all_numbers("ZSTD(1)", "ZSTD(1)"),
    all_numbers("ZSTD(3)", "ZSTD(3)"),
    all_numbers("Delta, ZSTD(1)", "ZSTD(1)"),
    all_numbers("DoubleDelta, ZSTD(1)", "ZSTD(1)"),
    all_numbers("T64, ZSTD(1)", "ZSTD(1)"),
)
COUNTS = "sum(impressions), sum(clicks)"
HOUR = "campaign_id, event_date, hour"
HOUR_OF_RECORD = "campaign_id, event_date, toHour(created_at)"
TABLES = (
    MeasuredTable(
        "raw",
        "impressions",
        (
            NAIVE,
            Layout(AS_BUILT, "_source_file, _source_row", BY_DELIVERY, codec=""),
            Layout("ZSTD(1)", "_source_file, _source_row", BY_DELIVERY),
            Layout("without Nullable", "_source_file, _source_row", BY_DELIVERY, codec="", without="Nullable"),
        ),
        (
            TimedQuery(
                "records of the newest delivery",
                "select max(id), max(created_at) from {table} where _delivery_id = {delivery}",
            ),
        ),
    ),
    MeasuredTable("staging", "stg_ad_delivery__impressions", CODECS, (), note="as generated"),
    MeasuredTable("staging", "stg_ad_delivery__impressions", CODECS, (), MIXED, "mixed"),
    MeasuredTable(
        "staging",
        "stg_ad_delivery__impressions",
        (
            NAIVE,
            Layout(AS_BUILT, IN_ORDER, BY_DELIVERY, increment=of_newest("_delivery_id")),
            Layout("days", "impression_id", DAYS, increment=of_newest("event_date")),
            Layout("deliveries of 1,000 rows", IN_ORDER, "intDiv(_source_row - 1, 1000)"),
            Layout("by id", "impression_id", BY_DELIVERY),
            Layout("by time", "created_at", BY_DELIVERY),
            Layout("by campaign", "campaign_id, created_at", BY_DELIVERY),
            Layout(
                "ReplacingMergeTree by id, FINAL",
                "impression_id",
                engine="ReplacingMergeTree(_delivered_at)",
                reading="{table} final",
                increment=of_newest("_delivery_id"),
            ),
            Layout("String for LowCardinality", IN_ORDER, BY_DELIVERY, without="LowCardinality"),
        ),
        (
            TimedQuery(
                "records of a day",
                "select uniq(impression_id), max(_delivery_id) from {table} where event_date = {day}",
            ),
            TimedQuery("records of the ids of the newest delivery", of_newest("impression_id", chosen="count()")),
            TimedQuery(
                "an impression", "select created_at, campaign_id from {table} where impression_id = {impression}"
            ),
            TimedQuery("deliveries that are held", "select distinct _delivery_id from {table}"),
            TimedQuery(
                "campaigns over all days",
                "select campaign_id, count() from {table} where operation = 'upsert' group by campaign_id",
            ),
        ),
        MIXED,
    ),
    MeasuredTable(
        "marts",
        "fct_ad_delivery_hourly",
        (
            NAIVE,
            Layout(AS_BUILT, "campaign_id, hour", DAYS, 1024, increment=of_newest("event_date")),
            Layout("8192 rows a granule", "campaign_id, hour", DAYS),
            Layout("by hour", "hour, campaign_id", DAYS, 1024),
            Layout("months", HOUR, MONTHS, 1024, increment=of_newest(MONTHS)),
            Layout(
                "ReplacingMergeTree, FINAL",
                HOUR,
                MONTHS,
                1024,
                "ReplacingMergeTree",
                reading="{table} final",
                increment=of_newest(HOUR, HOUR_OF_RECORD),
            ),
            Layout(
                "CollapsingMergeTree",
                HOUR,
                MONTHS,
                1024,
                "CollapsingMergeTree(sign)",
                own_column="sign Int8 default 1",
                reading="(select * replace (impressions * sign as impressions, clicks * sign as clicks) from {table})",
                increment=of_newest(HOUR, HOUR_OF_RECORD, "* replace (arrayJoin([-1, 1]) as sign)"),
            ),
            Layout("String for LowCardinality", "campaign_id, hour", DAYS, 1024, without="LowCardinality"),
            Layout("LZ4", "campaign_id, hour", DAYS, 1024, codec="LZ4"),
        ),
        (
            TimedQuery("campaigns over all days", f"select campaign_id, {COUNTS} from {{table}} group by campaign_id"),
            TimedQuery(
                "campaigns in a week",
                f"select campaign_id, event_date, {COUNTS} from {{table}} "
                "where event_date between {week_before} and {day} group by all",
            ),
            TimedQuery(
                "a campaign by day",
                f"select event_date, {COUNTS} from {{table}} where campaign_id = {{campaign}} group by event_date",
            ),
            TimedQuery("versions of the days", "select distinct event_date, _day_version from {table}"),
        ),
        # a year and more of days
        "select facts.* replace (facts.event_date - 10 * tens.number as event_date) "
        "from {table} as facts cross join numbers(40) as tens",
    ),
)
AREA = Area(SUBJECTS, TABLES)
