with owners as (
    {{ owners_of(ref('dim_ad_units_history'), 'ad_unit_id', 'publisher_id') | indent(4) }}
),

strangers as (
    select
        events.*,
        owners.owner_ids as owner_ids
    from {{ ref('fct_ad_events') }} as events
    inner join owners on events.ad_unit_id = owners.ad_unit_id
    where
        events.publisher_id in (select publishers.publisher_id from {{ ref('dim_publishers') }} as publishers)
        and ',' || owners.owner_ids || ',' not like '%,' || events.publisher_id || ',%'
)

{{ findings_of_records(
    'strangers', observed="'publisher ' || publisher_id", expected="'publisher ' || owner_ids", impact='revenue_usd',
    texts=['ad_unit_id']
) }}
