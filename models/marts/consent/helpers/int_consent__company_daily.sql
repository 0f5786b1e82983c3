with daily as (
    select
        consent.*,
        {{ has_notices('consent.company_id') }} as has_notices
    from {{ ref('fct_consent_company_daily') }} as consent
)

select * from daily
