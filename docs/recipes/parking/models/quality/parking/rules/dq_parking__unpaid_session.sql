with unpaid as (
    select * from {{ ref('fct_parking_sessions') }}
    where
        minutes > 0
        and coalesce(paid_eur, 0) = 0
)

{{ findings_of_records(
    'unpaid', key='session_id', observed=cast_to('minutes', 'text') ~ " || ' minutes'", expected="'an amount'"
) }}
