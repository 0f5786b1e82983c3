{%- set days = incremental_by_day('int_ad_serving__event_days', order_by=['publisher_id', '_delivery_id']) %}
{%- set effects = ad_effects() %}

with states as (
    {{ record_states(
        ref('stg_ad_serving__events'),
        columns=[
            'event_id', 'event_type', 'event_date', 'publisher_id', 'is_filled', 'revenue_usd', '_delivery_id', '_source_file',
        ],
        compared={'event_date': 'date_nullable', 'publisher_id': 'text_nullable', 'revenue_usd': 'money_nullable'},
        condition='set_aside_reason is null and ' ~ in_touching_records(ref('int_ad_serving__delivery_touches'), days),
        keep_last=['revenue_usd'],
    ) | indent(4) }}
),

{{ movements_of('states', place=['event_date', 'publisher_id'], effects=effects) }},

judged as (
    select
        *,
        {{ invalid_record_reason('movements') }} as invalid_record_reason
    from movements
),

ledger as (
    select
        event_days.event_date as event_date,
        judged.publisher_id as publisher_id,
        judged.delivery_id as _delivery_id,
        judged.source_file as _source_file,

        ---------- what became of the records
        {%- for fate in record_fates() %}
        {{ cast_to("count(*) filter (where judged.fate = '" ~ fate ~ "')", 'integer') }} as records_{{ fate }},
        {{ sum_where('coalesce(judged.revenue_usd, 0)', "judged.fate = '" ~ fate ~ "'") }} as revenue_usd_{{ fate }},
        {%- endfor %}
        {{ sum_where(
            'judged.revenue_usd',
            "judged.fate like 'replaced%' and judged.later_revenue_usd = 0 and judged.revenue_usd is not null"
        ) }} as revenue_usd_still_counting,

        ---------- what the delivery did to the events of the day
        {%- for effect in delivery_effects(effects) %}
        {{ cast_to("count(*) filter (where judged.effect = '" ~ effect ~ "')", 'integer') }} as events_{{ effect }},
        {%- endfor %}

        ---------- by how much it moved the figures of the day
        {{ sum_where('judged.direction', "judged.event_type = 'impression'", 'integer') }} as impressions,
        {{ sum_where(
            'judged.direction', "judged.event_type = 'impression' and judged.is_filled", 'integer'
        ) }} as filled_impressions,
        {{ sum_where('judged.direction', "judged.event_type = 'click'", 'integer') }} as clicks,
        {{ sum_where('judged.direction', "judged.event_type = 'viewable_impression'", 'integer') }} as viewable_impressions,
        {{ sum_where('judged.direction * coalesce(judged.last_known_revenue_usd, 0)', 'true') }} as revenue_usd,
        {{ sum_where('judged.direction * coalesce(judged.revenue_usd, 0)', 'true') }} as revenue_usd_as_delivered,
        {{ sum_where(
            'judged.direction * coalesce(judged.last_known_revenue_usd, 0)', 'judged.invalid_record_reason is not null'
        ) }} as revenue_usd_invalid_records,
        max(event_days._day_version) as _day_version
    from judged
    inner join {{ ref('int_ad_serving__event_days') }} as event_days
        on judged.event_date = event_days.event_date
    where {{ in_days('event_days.event_date', days) }}
    group by event_days.event_date, judged.publisher_id, judged.delivery_id, judged.source_file
)

select * from ledger
