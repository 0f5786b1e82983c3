{%- set days = incremental_by_day(touches='int_ad_delivery__delivery_touches', order_by=['campaign_id', 'hour']) %}

{%- set records = ref('int_ad_delivery__records') %}
{%- set is_touching = in_touching_records(ref('int_ad_delivery__delivery_touches'), days) %}

with entries as (
    {{ arrivals_and_departures(
        records,
        key=['event_type', 'id'],
        columns=['event_type', 'campaign_id', 'event_at', 'event_date', 'operation'],
        condition=is_touching,
    ) | indent(4) }}
),

hourly as (
    select
        campaign_id,
        event_date,
        {{ hour_of('event_at') }} as hour_of_day,
        sum(case when event_type = 'impression' then entry else 0 end) as impression_count,
        sum(case when event_type = 'click' then entry else 0 end) as click_count
    from entries
    where
        operation = 'upsert'
        and event_date is not null
        and {{ in_days('event_date', days) }}
    group by campaign_id, event_date, hour_of_day
    having
        sum(case when event_type = 'impression' then entry else 0 end) > 0
        or sum(case when event_type = 'click' then entry else 0 end) > 0
),

final as (
    select
        hourly.campaign_id,
        {{ cast_to('hourly.event_date', 'date') }} as event_date,
        {{ cast_to('hourly.hour_of_day', 'integer') }} as hour,
        {{ cast_to('hourly.impression_count', 'integer') }} as impressions,
        {{ cast_to('hourly.click_count', 'integer') }} as clicks,
        {{ cast_to('event_days._day_version', 'category') }} as _day_version
    from hourly
    inner join {{ days_of(touches='int_ad_delivery__delivery_touches') }} as event_days
        on hourly.event_date = event_days.event_date
)

select * from final
