{%- set days = incremental_by_day('int_ad_serving__event_days', order_by=['publisher_id', '_delivery_id']) %}

with states as (
    {{ event_states(
        ref('stg_ad_serving__events'),
        columns=[
            'event_id', 'event_type', 'event_date', 'publisher_id', 'is_filled', 'revenue_usd', '_delivery_id', '_source_file',
        ],
        condition='set_aside_reason is null and ' ~ in_touching_records(ref('int_ad_serving__delivery_touches'), days)
    ) | indent(4) }}
),

arrivals as (
    select
        *,
        case when recency_in_delivery = 1 then 1 else 0 end as direction,
        case
            when recency_in_delivery > 1 then 'replaced_in_delivery'
            when next_delivery_id is not null then 'replaced_by_delivery'
            else 'current'
        end as fate,
        case
            when recency_in_delivery > 1 then 'repeated'
            when previous_delivery_id is null then 'first_seen'
            when previous_event_date <> event_date or (previous_publisher_id is distinct from publisher_id) then 'moved_in'
            when previous_revenue is not null and revenue_usd is null then 'set_to_null'
            when previous_revenue is null and revenue_usd is not null then 'reappeared'
            when previous_revenue <> revenue_usd then 'changed'
            else 'repeated'
        end as effect
    from states
),

departures as (
    select
        *,
        -1 as direction,
        'departed' as fate,
        case
            when next_event_date <> event_date or (next_publisher_id is distinct from publisher_id) then 'moved_out'
            else 'replaced_here'
        end as effect
    from states
    where
        recency_in_delivery = 1
        and next_delivery_id is not null
),

movements as (
    select
        _delivery_id as delivery_id,
        _source_file as source_file,
        *
    from arrivals
    union all
    select
        {{ cast_to('next_delivery_id', 'text') }} as delivery_id,
        {{ cast_to('next_source_file', 'text') }} as source_file,
        *
    from departures
),

ledger as (
    select
        event_days.event_date as event_date,
        movements.publisher_id as publisher_id,
        movements.delivery_id as _delivery_id,
        movements.source_file as _source_file,

        ---------- what became of the records
        {%- for fate in ['current', 'replaced_in_delivery', 'replaced_by_delivery'] %}
        {{ cast_to("count(*) filter (where movements.fate = '" ~ fate ~ "')", 'integer') }} as records_{{ fate }},
        {{ sum_where('coalesce(movements.revenue_usd, 0)', "movements.fate = '" ~ fate ~ "'") }} as revenue_usd_{{ fate }},
        {%- endfor %}
        {{ sum_where(
            'movements.revenue_usd',
            "movements.fate like 'replaced%' and movements.later_amounts = 0 and movements.revenue_usd is not null"
        ) }} as revenue_usd_still_counting,

        ---------- what the delivery did to the events of the day
        {%- for effect in ['first_seen', 'changed', 'set_to_null', 'reappeared', 'moved_in', 'moved_out'] %}
        {{ cast_to("count(*) filter (where movements.effect = '" ~ effect ~ "')", 'integer') }} as events_{{ effect }},
        {%- endfor %}

        ---------- by how much it moved the figures of the day
        {{ sum_where('movements.direction', "movements.event_type = 'impression'", 'integer') }} as impressions,
        {{ sum_where(
            'movements.direction', "movements.event_type = 'impression' and movements.is_filled", 'integer'
        ) }} as filled_impressions,
        {{ sum_where('movements.direction', "movements.event_type = 'click'", 'integer') }} as clicks,
        {{ sum_where('movements.direction', "movements.event_type = 'viewable_impression'", 'integer') }} as viewable_impressions,
        {{ sum_where('movements.direction * coalesce(movements.last_known_revenue, 0)', 'true') }} as revenue_usd,
        {{ sum_where('movements.direction * coalesce(movements.revenue_usd, 0)', 'true') }} as revenue_usd_as_delivered,
        {{ sum_where(
            'movements.direction * coalesce(movements.last_known_revenue, 0)', 'movements.invalid_record_reason is not null'
        ) }} as revenue_usd_invalid_records,
        max(event_days._day_version) as _day_version
    from movements
    inner join {{ ref('int_ad_serving__event_days') }} as event_days
        on movements.event_date = event_days.event_date
    where {{ in_days('event_days.event_date', days) }}
    group by event_days.event_date, movements.publisher_id, movements.delivery_id, movements.source_file
)

select * from ledger
