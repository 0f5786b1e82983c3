{%- set days = incremental_by_day('int_ad_serving__changed_days', order_by=['_delivery_id', 'publisher_id']) %}
{%- set days = texts_in(ref('int_ad_serving__changed_days'), 'event_date') if days is none else days %}

with restating as (
    select
        publications.event_date as event_date,
        publications._delivery_id as _delivery_id,
        changed_days._day_version as _day_version
    from {{ ref('int_ad_serving__publications') }} as publications
    inner join {{ ref('int_ad_serving__changed_days') }} as changed_days
        on publications.event_date = changed_days.event_date
    where
        publications.publication = 'restatement'
        and {{ in_days('publications.event_date', days) }}
),

states as (
    {{ record_states(
        ref('stg_ad_serving__events'),
        columns=[
            'event_id', 'event_type', 'event_date', 'publisher_id', 'campaign_id', 'revenue_usd', '_delivery_id',
            '_source_file', '_source_row',
        ],
        compared={'event_date': 'date_nullable', 'publisher_id': 'text_nullable', 'revenue_usd': 'money_nullable'},
        condition='set_aside_reason is null and ' ~ in_touching_records(ref('int_ad_serving__delivery_touches'), days),
        keep_last=['revenue_usd'],
    ) | indent(4) }}
),

{{ movements_of('states', place=['event_date', 'publisher_id'], effects=ad_effects()) }},

restated as (
    select
        movements.*,
        restating._day_version as day_version
    from movements
    inner join restating
        on
            movements.event_date = restating.event_date
            and movements.delivery_id = restating._delivery_id
),

changes as (
    select
        {{ cast_to('restated.event_date', 'date') }} as event_date,
        restated.publisher_id as publisher_id,
        {{ cast_to('restated.delivery_id', 'text') }} as _delivery_id,
        {{ cast_to('restated.event_id', 'text') }} as event_id,
        max(restated.event_type) as event_type,
        max(restated.campaign_id) as campaign_id,

        ---------- what the delivery did to it
        {{ cast_to(
            "min(case when restated.effect not in ('repeated', 'replaced_here', 'known') then restated.effect end)",
            'text_nullable'
        ) }} as effect,
        {%- for direction, when in {'-1': 'before', '1': 'after'}.items() %}
        {{ cast_to(
            'sum(case when restated.direction = ' ~ direction ~ ' then coalesce(restated.last_known_revenue_usd, 0) end)',
            'money_nullable'
        ) }} as revenue_usd_{{ when }},
        {%- endfor %}
        {{ sum_where('restated.direction * coalesce(restated.last_known_revenue_usd, 0)', 'true') }} as revenue_usd_moved,
        {%- for column, kind in {'event_date': 'date_nullable', 'publisher_id': 'text_nullable'}.items() %}
        {{ cast_to(
            "max(case restated.effect when 'moved_in' then restated.previous_" ~ column
            ~ " when 'moved_out' then restated.next_" ~ column ~ ' end)', kind
        ) }} as other_{{ column }},
        {%- endfor %}

        ---------- where its record is
        max(restated.source_file) as source_file,
        {{ cast_to('max(case when restated.direction = 1 then restated._source_row end)', 'integer_nullable') }} as source_row,
        max(restated.day_version) as _day_version
    from restated
    group by restated.event_date, restated.publisher_id, restated.delivery_id, restated.event_id
),

changed_events as (
    select * from changes
    where
        effect is not null
        or revenue_usd_moved <> 0
)

select * from changed_events
order by event_date, _delivery_id {#- so that DuckDB skips the blocks of other days #}
