with noisy as (
    select * from {{ ref('stg_consent__events') }}
    where
        set_aside_reason is null
        and {{ exact_number('sampling_rate_as_delivered') }} <> sampling_rate
)

{{ findings_of_records(
    'noisy', observed='sampling_rate_as_delivered', expected=number_text('sampling_rate'), texts=['company_id']
) }}
