with several as (
    select * from {{ ref('stg_consent__events') }}
    where
        set_aside_reason is null
        and event_count > round({{ inverse_of('sampling_rate') }})
)

{{ findings_of_records(
    'several', observed='event_count_as_delivered', expected=number_text('round(' ~ inverse_of('sampling_rate') ~ ')'),
    numbers=['sampling_rate'], texts=['company_id']
) }}
