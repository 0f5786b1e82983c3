{# few events share their exact time: only those are compared in full #}
with shared_moments as (
    select event_at
    from {{ ref('fct_ad_events') }}
    group by event_at
    having count(*) > 1
),

twins as (
    select
        min(event_id) as smallest_event_id,
        {{ ordered_text_agg('event_id') }} as event_ids,
        event_at,
        event_date,
        count(*) as events_alike,
        sum(revenue_usd) - max(revenue_usd) as revenue_of_copies,
        min({{ cast_to('first_delivery_id', 'text') }}) as first_of_group,
        max({{ cast_to('_delivery_id', 'text') }}) as last_of_group
    from {{ ref('fct_ad_events') }}
    where event_at in (select shared_moments.event_at from shared_moments)
    group by
        event_type, publisher_id, ad_unit_id, campaign_id, device_type, browser, country_code, region, event_at, event_date
    having count(*) > 1
)

{{ findings(
    'twins', key='smallest_event_id', day='event_date', observed=cast_to('events_alike', 'text') ~ " || ' events alike'",
    expected="'1 event'", records='events_alike', impact='revenue_of_copies', texts=['event_ids'],
    first='first_of_group', last='last_of_group'
) }}
