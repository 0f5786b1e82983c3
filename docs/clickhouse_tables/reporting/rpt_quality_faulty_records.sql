CREATE VIEW duckhouse_reporting.rpt_quality_faulty_records
(
    `source` String COMMENT 'Source system.',
    `delivery_id` String COMMENT 'Delivery; ids are in the order of time.',
    `source_file` String COMMENT 'Path of the file in its delivery; of a database the table, of a stream the partition.',
    `fate` String COMMENT 'rejected or set aside.',
    `reason` String COMMENT 'Why.',
    `records` Int64 COMMENT 'Records of this fate and reason.',
    `first_row` Int64 COMMENT 'The first of them, its place in the file.'
)
COMMENT 'One row per source system, delivery, file, fate and reason of records that are not counted as they came. Answers what to ask the sender for. Asked by the data platform and by whoever sends the data.\nrejected: the text cannot be read, and stg_<source>__rejected keeps it. set aside: no day can hold the record, or it cannot be weighed; fct_*_set_aside has it.\n'
AS WITH
    records AS
    (
        SELECT
            CAST('ad_delivery', 'String') AS source,
            CAST(_delivery_id, 'String') AS delivery_id,
            CAST(_source_file, 'String') AS source_file,
            _source_row AS source_row,
            'rejected' AS fate,
            CAST(reason, 'String') AS reason
        FROM duckhouse_staging.stg_ad_delivery__rejected
        UNION ALL
        SELECT
            CAST('ad_delivery', 'String') AS source,
            CAST(_delivery_id, 'String') AS delivery_id,
            CAST(_source_file, 'String') AS source_file,
            _source_row AS source_row,
            'set aside' AS fate,
            CAST(set_aside_reason, 'String') AS reason
        FROM duckhouse_marts.fct_ad_delivery_set_aside
        WHERE (_delivery_id, _source_file, _source_row) NOT IN (
            SELECT
                _delivery_id,
                _source_file,
                _source_row
            FROM duckhouse_staging.stg_ad_delivery__rejected
        )
        UNION ALL
        SELECT
            CAST('ad_serving', 'String') AS source,
            CAST(_delivery_id, 'String') AS delivery_id,
            CAST(_source_file, 'String') AS source_file,
            _source_row AS source_row,
            'rejected' AS fate,
            CAST(reason, 'String') AS reason
        FROM duckhouse_staging.stg_ad_serving__rejected
        UNION ALL
        SELECT
            CAST('ad_serving', 'String') AS source,
            CAST(_delivery_id, 'String') AS delivery_id,
            CAST(_source_file, 'String') AS source_file,
            _source_row AS source_row,
            'set aside' AS fate,
            CAST(set_aside_reason, 'String') AS reason
        FROM duckhouse_marts.fct_ad_events_set_aside
        WHERE (_delivery_id, _source_file, _source_row) NOT IN (
            SELECT
                _delivery_id,
                _source_file,
                _source_row
            FROM duckhouse_staging.stg_ad_serving__rejected
        )
        UNION ALL
        SELECT
            CAST('consent', 'String') AS source,
            CAST(_delivery_id, 'String') AS delivery_id,
            CAST(_source_file, 'String') AS source_file,
            _source_row AS source_row,
            'rejected' AS fate,
            CAST(reason, 'String') AS reason
        FROM duckhouse_staging.stg_consent__rejected
        UNION ALL
        SELECT
            CAST('consent', 'String') AS source,
            CAST(_delivery_id, 'String') AS delivery_id,
            CAST(_source_file, 'String') AS source_file,
            _source_row AS source_row,
            'set aside' AS fate,
            CAST(set_aside_reason, 'String') AS reason
        FROM duckhouse_marts.fct_consent_events_set_aside
        WHERE (_delivery_id, _source_file, _source_row) NOT IN (
            SELECT
                _delivery_id,
                _source_file,
                _source_row
            FROM duckhouse_staging.stg_consent__rejected
        )
        UNION ALL
        SELECT
            CAST('reviews', 'String') AS source,
            CAST(_delivery_id, 'String') AS delivery_id,
            CAST(_source_file, 'String') AS source_file,
            _source_row AS source_row,
            'rejected' AS fate,
            CAST(reason, 'String') AS reason
        FROM duckhouse_staging.stg_reviews__rejected
        UNION ALL
        SELECT
            CAST('reviews', 'String') AS source,
            CAST(_delivery_id, 'String') AS delivery_id,
            CAST(_source_file, 'String') AS source_file,
            _source_row AS source_row,
            'set aside' AS fate,
            CAST(set_aside_reason, 'String') AS reason
        FROM duckhouse_marts.fct_product_reviews_set_aside
        WHERE (_delivery_id, _source_file, _source_row) NOT IN (
            SELECT
                _delivery_id,
                _source_file,
                _source_row
            FROM duckhouse_staging.stg_reviews__rejected
        )
        UNION ALL
        SELECT
            CAST('telemetry', 'String') AS source,
            CAST(_delivery_id, 'String') AS delivery_id,
            CAST(_source_file, 'String') AS source_file,
            _source_row AS source_row,
            'rejected' AS fate,
            CAST(reason, 'String') AS reason
        FROM duckhouse_staging.stg_telemetry__rejected
        UNION ALL
        SELECT
            CAST('telemetry', 'String') AS source,
            CAST(_delivery_id, 'String') AS delivery_id,
            CAST(_source_file, 'String') AS source_file,
            _source_row AS source_row,
            'set aside' AS fate,
            CAST(set_aside_reason, 'String') AS reason
        FROM duckhouse_marts.fct_device_readings_set_aside
        WHERE (_delivery_id, _source_file, _source_row) NOT IN (
            SELECT
                _delivery_id,
                _source_file,
                _source_row
            FROM duckhouse_staging.stg_telemetry__rejected
        )
    ),
    counted AS
    (
        SELECT
            source,
            delivery_id,
            source_file,
            fate,
            reason,
            count(*) AS record_count,
            min(source_row) AS first_row
        FROM records
        GROUP BY
            source,
            delivery_id,
            source_file,
            fate,
            reason
    ),
    final AS
    (
        SELECT
            CAST(counted.source, 'String') AS source,
            CAST(counted.delivery_id, 'String') AS delivery_id,
            CAST(counted.source_file, 'String') AS source_file,
            CAST(counted.fate, 'String') AS fate,
            CAST(counted.reason, 'String') AS reason,
            CAST(counted.record_count, 'Int64') AS records,
            CAST(counted.first_row, 'Int64') AS first_row
        FROM counted
    )
SELECT *
FROM final
SETTINGS join_use_nulls = 1
