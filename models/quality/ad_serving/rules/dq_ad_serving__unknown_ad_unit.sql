with orphans as (
    select events.*
    from {{ ref('fct_ad_events') }} as events
    left join {{ ref('dim_ad_units') }} as known on events.ad_unit_id = known.ad_unit_id
    where
        events.ad_unit_id is not null
        and known.ad_unit_id is null
)

{{ findings_of_records(
    'orphans', observed='ad_unit_id', expected="'an ad unit of dim_ad_units'", impact='revenue_usd'
) }}
