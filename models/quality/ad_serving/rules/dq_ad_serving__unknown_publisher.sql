with orphans as (
    select events.*
    from {{ ref('fct_ad_events') }} as events
    left join {{ ref('dim_publishers') }} as known on events.publisher_id = known.publisher_id
    where
        events.publisher_id is not null
        and known.publisher_id is null
)

{{ findings_of_records(
    'orphans', observed='publisher_id', expected="'a publisher of dim_publishers'", impact='revenue_usd'
) }}
