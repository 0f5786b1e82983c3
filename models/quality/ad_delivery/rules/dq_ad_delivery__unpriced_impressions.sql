with unpriced as (
    select *
    from {{ ref('fct_ad_delivery_daily') }}
    where
        impressions > 0
        and bid_usd is null
        and campaign_version_id is not null
),

final as (
    {{ with_deliveries_behind('unpriced') | indent(4) }}
)

{{ findings(
    'final', key=campaign_and_day(), day='event_date', observed=cast_to('impressions', 'text') ~ " || ' impressions without a bid'",
    expected="'a bid'", records='impressions', numbers=['campaign_id', 'impressions'], first='first_of_cell', last='last_of_cell'
) }}
