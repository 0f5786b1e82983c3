with sums as (
    select
        event_date,
        ad_unit_id,
        {{ sums_of_measures() }}
    from {{ ref('fct_ad_events_daily') }}
    where ad_unit_id is not null
    group by event_date, ad_unit_id
),

final as (
    select
        ---------- the day and the ad unit
        sums.event_date as event_date,
        {{ cast_to('sums.ad_unit_id', 'text') }} as ad_unit_id,
        ad_units.ad_unit_name as ad_unit_name,
        ad_units.publisher_id as publisher_id,
        publishers.publisher_name as publisher_name,
        ad_units.ad_format as ad_format,
        ad_units.is_active as is_active,

        ---------- figures
        {{ measures_and_rates() }},
        {{ cast_to('revenue_usd_total - revenue_usd_invalid_records_total', 'money') }}
            as revenue_usd_net_of_invalid_records
    from sums
    left join {{ ref('dim_ad_units') }} as ad_units on sums.ad_unit_id = ad_units.ad_unit_id
    left join {{ ref('dim_publishers') }} as publishers on ad_units.publisher_id = publishers.publisher_id
)

select * from final
