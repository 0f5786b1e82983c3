CREATE TABLE duckhouse_marts.dim_dates
(
    `date_day` Date32 COMMENT 'The day, UTC.',
    `year` Int64 COMMENT 'Its calendar year.',
    `quarter` Int64 COMMENT 'Its quarter, 1 to 4.',
    `month` Int64 COMMENT 'Its month, 1 to 12.',
    `month_name` LowCardinality(String) COMMENT 'The English name of the month.',
    `month_start` Date32 COMMENT 'The first day of the month.',
    `iso_year` Int64 COMMENT 'The year to which its ISO 8601 week belongs; around New Year another than year.',
    `iso_week` Int64 COMMENT 'Its ISO 8601 week, 1 to 53. Weeks begin on Monday; week 1 has the year\'s first Thursday.',
    `day_of_week` Int64 COMMENT '1 for Monday to 7 for Sunday.',
    `day_name` LowCardinality(String) COMMENT 'The English name of the day.',
    `is_weekend` Bool COMMENT 'Whether it is a Saturday or a Sunday.'
)
ENGINE = MergeTree
ORDER BY (date_day)
SETTINGS replicated_deduplication_window = '0', index_granularity = 8192
COMMENT 'One row per day, from the first to the last day on which any source has an event: for all areas, joined by event_date.\nDays are UTC days of the Gregorian calendar. Days before var first_date and after var last_date have no row, so that one event of the year 2299 makes no 100,000 rows: join with a left join to keep its events. Where nothing has happened between two days of events, the days between them have a row too. Made anew from the first and last day of each fact that is built.\n'
