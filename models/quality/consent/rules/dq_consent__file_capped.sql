with files as (
    select
        *,
        count(*) over (partition by _delivery_id, records_read) as files_of_that_size
    from {{ ref('stg_consent__files') }}
    where
        entity = 'events'
        and records_read > 0
        and records_read % {{ var('dq_round_number') }} = 0
),

capped as (
    select * from files
    where files_of_that_size >= {{ var('dq_least_peers') }}
)

{{ findings(
    'capped', key="_delivery_id || '/' || _source_file", observed=number_text('records_read'),
    expected="'a number of its own'", records='records_read', numbers=['files_of_that_size'], texts=['_source_file']
) }}
