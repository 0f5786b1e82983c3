with unknown as (
    select * from {{ ref('stg_consent__events') }}
    where
        set_aside_reason is null
        and (
            event_type is null
            or event_type not in ('consent.asked', 'consent.given', 'pageview', 'ui.action')
        )
)

{{ findings_of_records(
    'unknown', observed='event_type', expected="'consent.asked, consent.given, pageview or ui.action'", texts=['company_id']
) }}
