with noisy as (
    select * from {{ ref('stg_consent__events') }}
    where
        set_aside_reason is null
        {# a digit that says something after the sixth decimal, where staging rounds #}
        and {{ matches('sampling_rate_as_delivered', '[.][0-9]{6}[0-9]*[1-9]') }}
)

{{ findings_of_records(
    'noisy', observed='sampling_rate_as_delivered', expected=number_text('sampling_rate'), texts=['company_id']
) }}
