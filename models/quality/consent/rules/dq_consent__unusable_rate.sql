with unusable as (
    select * from {{ ref('stg_consent__events') }}
    where set_aside_reason = 'unusable_rate'
)

{{ findings_of_records(
    'unusable', observed='sampling_rate_as_delivered', expected="'at least 0.000000001 and at most 1'", texts=['company_id']
) }}
