CREATE VIEW duckhouse_reporting.rpt_ad_serving_faulty_records
(
    `delivery_id` String COMMENT 'The delivery; deliveries count in the order of their ids.',
    `delivered_at` Nullable(DateTime64(6, 'UTC')) COMMENT 'When that delivery arrived, UTC.',
    `entity` String COMMENT 'What the files hold: events, or a dimension.',
    `fate` String COMMENT 'rejected, set aside or invalid.',
    `reason` String COMMENT 'Why.',
    `records` Int64 COMMENT 'Records of this fate and reason.',
    `files` Int64 COMMENT 'Files with such a record.',
    `share_of_records` Nullable(Float64) COMMENT 'Of all records of the delivery in files of this kind.',
    `revenue_usd` Nullable(Decimal(38, 6)) COMMENT 'US dollars that they carry; NULL where not known.',
    `first_place` String COMMENT 'File and record of one of them, the first by name.'
)
COMMENT 'One row per delivery, kind of file, fate and reason of records that are not counted as they came.\nAd ops: which records could not be read, could not become events, or cannot be billed, and how much revenue do they carry? rejected: the text does not parse, so its revenue is not known (stg_ad_serving__rejected keeps it). set aside: it can become no event, and its revenue is in no other figure. invalid: it is an event, and its revenue is in gross but cannot be billed. Ask the sender for the records again, and they come in.\n'
AS WITH
    records AS
    (
        SELECT
            _delivery_id,
            entity,
            'rejected' AS fate,
            reason AS why,
            _source_file,
            _source_row,
            CAST(NULL, 'Nullable(Decimal(38, 6))') AS revenue
        FROM duckhouse_staging.stg_ad_serving__rejected
        UNION ALL
        SELECT
            _delivery_id,
            'events' AS entity,
            'set aside' AS fate,
            set_aside_reason AS why,
            _source_file,
            _source_row,
            CAST(coalesce(revenue_usd, 0), 'Nullable(Decimal(38, 6))') AS revenue
        FROM duckhouse_marts.fct_ad_events_set_aside
        UNION ALL
        SELECT
            _delivery_id,
            'events' AS entity,
            'invalid' AS fate,
            invalid_record_reason AS why,
            _source_file,
            _source_row,
            CAST(revenue_usd, 'Nullable(Decimal(38, 6))') AS revenue
        FROM duckhouse_marts.fct_ad_events
        WHERE invalid_record_reason IS NOT NULL
    ),
    faulty AS
    (
        SELECT
            _delivery_id,
            entity,
            fate,
            why,
            count(*) AS record_count,
            countDistinct(_source_file) AS file_count,
            sum(revenue) AS revenue,
            min(concat(_source_file, ', record ', CAST(_source_row, 'String'))) AS example
        FROM records
        GROUP BY
            _delivery_id,
            entity,
            fate,
            why
    ),
    delivered AS
    (
        SELECT
            _delivery_id,
            entity,
            max(_delivered_at) AS last_delivered_at,
            sum(records_read) AS read_count
        FROM duckhouse_staging.stg_ad_serving__files
        GROUP BY
            _delivery_id,
            entity
    ),
    final AS
    (
        SELECT
            CAST(faulty._delivery_id, 'String') AS delivery_id,
            CAST(delivered.last_delivered_at, 'Nullable(DateTime64(6, \'UTC\'))') AS delivered_at,
            CAST(faulty.entity, 'String') AS entity,
            CAST(faulty.fate, 'String') AS fate,
            CAST(faulty.why, 'String') AS reason,
            CAST(faulty.record_count, 'Int64') AS records,
            CAST(faulty.file_count, 'Int64') AS files,
            CAST(faulty.record_count, 'Nullable(Float64)') / nullIf(CAST(delivered.read_count, 'Nullable(Float64)'), 0) AS share_of_records,
            CAST(faulty.revenue, 'Nullable(Decimal(38, 6))') AS revenue_usd,
            CAST(faulty.example, 'String') AS first_place
        FROM faulty
        LEFT JOIN delivered ON (faulty._delivery_id = delivered._delivery_id) AND (faulty.entity = delivered.entity)
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
