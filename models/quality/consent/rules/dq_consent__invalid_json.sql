with unreadable as (
    select
        *,
        char_length(parameters) as parameters_length
    from {{ ref('stg_consent__events') }}
    where
        set_aside_reason is null
        and parameters is not null
        and not {{ is_json('parameters') }}
)

{{ findings_of_records(
    'unreadable', observed="'no JSON'", expected="'JSON'", numbers=['parameters_length'], texts=['event_type', 'company_id']
) }}
