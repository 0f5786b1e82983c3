with files as (
    select
        _delivery_id,
        _source_file,
        {{ to_double('records_read - records_blank') }} as records,
        _delivery_id || '/' || _source_file as file_key
    from {{ ref('stg_ad_serving__files') }}
    where entity = 'events'
),

medians as (
    select
        _delivery_id,
        {{ median('records') }} as median_records
    from files
    group by _delivery_id
    having count(*) >= {{ var('dq_least_files') }}
),

deviations as (
    select
        files._delivery_id as _delivery_id,
        files._source_file as _source_file,
        files.file_key as file_key,
        {{ cast_to('files.records', 'money') }} as records,
        {{ cast_to('medians.median_records', 'money') }} as median_records,
        abs(files.records - medians.median_records) as deviation
    from files
    inner join medians on files._delivery_id = medians._delivery_id
),

spreads as (
    select
        _delivery_id,
        {{ median('deviation') }} as median_deviation
    from deviations
    group by _delivery_id
),

out_of_line as (
    select deviations.*
    from deviations
    inner join spreads on deviations._delivery_id = spreads._delivery_id
    where
        deviations.deviation > {{ var('dq_file_mads') }} * spreads.median_deviation
        and (
            {{ falls_short('deviations.records', 'deviations.median_records') }}
            or {{ falls_short('deviations.median_records', 'deviations.records') }}
        )
)

{{ findings(
    'out_of_line', key='file_key', observed=number_text('records') ~ " || ' records'",
    expected="'about ' || " ~ number_text('median_records'), records='records', numbers=['records', 'median_records'],
    texts=['_source_file']
) }}
