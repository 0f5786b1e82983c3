with reversed as (
    select
        *,
        date_diff('microsecond', choice_updated_at, choice_created_at) as micros_before
    from {{ ref('stg_consent__events') }}
    where
        set_aside_reason is null
        and choice_updated_at < choice_created_at
)

{{ findings_of_records(
    'reversed', observed="'updated before created'", expected="'updated after created'", numbers=['micros_before'],
    texts=['company_id']
) }}
