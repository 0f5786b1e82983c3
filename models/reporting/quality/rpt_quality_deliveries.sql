{%- set sources = judged_sources() %}

with delivered as (
    {%- for source in sources %}
    select
        {{ cast_to("'" ~ source ~ "'", 'text') }} as source,
        {{ cast_to('_delivery_id', 'text') }} as delivery_id,
        min(_delivered_at) as arrived_at
    from {{ ref('stg_' ~ source ~ '__files') }}
    group by _delivery_id
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

landed as (
    select
        source,
        delivery_id,
        count(*) filter (where has_events) as file_count,
        count(*) filter (where not has_events) as other_file_count,
        sum(case when has_events then 0 else records_read end) as other_record_count
    from {{ ref('rpt_quality_files') }}
    group by source, delivery_id
),

counted as (
    {%- for source, declared_source in sources.items() %}
    {{ records_of_deliveries(source, declared_source.records) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

brought as (
    {{ days_of_deliveries(sources) }}
),

latest_days as (
    select
        delivered.source as source,
        delivered.delivery_id as delivery_id,
        {{ cast_to('max(brought.day)', 'date_nullable') }} as latest_day
    from delivered
    inner join brought
        on
            delivered.source = brought.source
            and delivered.delivery_id = brought.delivery_id
    where brought.day <= {{ cast_to('delivered.arrived_at', 'date') }}
    group by delivered.source, delivered.delivery_id
),

accounted as (
    select
        delivered.source as source,
        delivered.delivery_id as delivery_id,
        delivered.arrived_at as arrived_at,
        coalesce(landed.file_count, 0) as file_count,
        coalesce(landed.other_file_count, 0) as other_file_count,
        coalesce(landed.other_record_count, 0) as other_record_count,
        {%- for count in ['read', 'rejected', 'blank', 'unaccounted'] %}
        coalesce(counted.{{ count }}_count, 0) as {{ count }}_count,
        {%- endfor %}
        {%- for fate in fates() %}
        case when counted.delivery_id is null then 0 else counted.{{ fate }}_count end as {{ fate }}_count,
        {%- endfor %}
        latest_days.latest_day as latest_day,
        max(latest_days.latest_day) over (
            partition by delivered.source order by delivered.delivery_id
            rows between unbounded preceding and 1 preceding
        ) as latest_day_before
    from delivered
    left join landed
        on
            delivered.source = landed.source
            and delivered.delivery_id = landed.delivery_id
    left join counted
        on
            delivered.source = counted.source
            and delivered.delivery_id = counted.delivery_id
    left join latest_days
        on
            delivered.source = latest_days.source
            and delivered.delivery_id = latest_days.delivery_id
),

final as (
    select
        ---------- delivery
        source,
        {{ cast_to(source_label('source'), 'text') }} as source_label,
        delivery_id,
        {{ cast_to('arrived_at', 'timestamp') }} as delivered_at,

        ---------- files of events, and of all else
        {{ cast_to('file_count', 'integer') }} as files,
        {{ cast_to('other_file_count', 'integer') }} as other_files,
        {{ cast_to('other_record_count', 'integer') }} as other_records_read,

        ---------- records of events
        {{ cast_to('read_count', 'integer') }} as records_read,
        {%- for fate in fates() %}
        {{ cast_to(fate ~ '_count', 'integer_nullable') }} as records_{{ fate }},
        {%- endfor %}
        {{ cast_to('rejected_count', 'integer') }} as records_rejected,
        {{ cast_to('blank_count', 'integer') }} as records_blank,
        {{ cast_to('unaccounted_count', 'integer') }} as records_unaccounted,
        {{ cast_to('unaccounted_count = 0', 'boolean') }} as adds_up,

        ---------- days
        latest_day,
        {{ cast_to(
            "date_diff('day', latest_day, " ~ cast_to('arrived_at', 'date') ~ ')', 'integer_nullable'
        ) }} as days_behind,
        {{ cast_to(
            'latest_day is not null and (latest_day_before is null or latest_day > latest_day_before)', 'boolean'
        ) }} as brings_later_day
    from accounted
)

select * from final
