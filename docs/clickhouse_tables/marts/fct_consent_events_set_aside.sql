CREATE TABLE duckhouse_marts.fct_consent_events_set_aside
(
    `set_aside_reason` String COMMENT 'missing_event_id, unparsable_timestamp or unusable_rate.',
    `event_id` Nullable(String) COMMENT 'UUID of the event, trimmed and in lower case.',
    `event_type` LowCardinality(Nullable(String)) COMMENT 'consent.asked, consent.given, pageview or ui.action; other spellings are kept as delivered, in lower case.',
    `company_id` LowCardinality(Nullable(String)) COMMENT 'Key of the company, PUBLIC_API_KEY of the company file; it may be missing from dim_companies.',
    `timestamp_as_delivered` Nullable(String) COMMENT 'EVENT_TIME as the file spells it.',
    `sampling_rate_as_delivered` Nullable(String) COMMENT 'RATE as the file spells it.',
    `_delivery_id` LowCardinality(String) COMMENT 'Delivery of the record that is shown.',
    `_source_file` LowCardinality(String) COMMENT 'File of the record, relative to its drop.',
    `_source_row` Int64 COMMENT 'Line (text files) or row (Parquet) of the record in its file, from 1.',
    `_unmapped` Nullable(String) COMMENT 'JSON of the fields that the contract does not name; NULL where there are none.'
)
ENGINE = MergeTree
PARTITION BY (_delivery_id)
ORDER BY (_source_file)
SETTINGS replicated_deduplication_window = '0', index_granularity = 8192
COMMENT 'One row per landed event record that cannot be weighed or placed, with the reason.\nRows come from stg_consent__events: a record without an id cannot be told from its corrections, one without a readable time belongs to no day, one without a usable rate has no weight. They count in no other mart and replace no other record; a later delivery that carries the event in full brings it in.\n'
