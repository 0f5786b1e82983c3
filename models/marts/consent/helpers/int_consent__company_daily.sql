with final as (
    select
        daily.event_date,
        daily.company_id,
        daily.event_type,
        daily.consent_status,
        daily.country_code,
        daily.device_type,
        daily.events_sampled,
        daily.events_weighted_once,
        daily.events_extrapolated,
        daily.variance_weighted_once,
        {{ has_notices('daily.company_id') }} as has_notices
    from {{ ref('fct_consent_company_daily') }} as daily
)

select * from final
