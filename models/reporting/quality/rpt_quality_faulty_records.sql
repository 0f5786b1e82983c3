{%- set sources = judged_sources() %}

with records as (
    {%- for source, declared_source in sources.items() %}
    {{ faulty_records_of(source, declared_source.set_aside) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

counted as (
    select
        source,
        delivery_id,
        source_file,
        fate,
        reason,
        count(*) as record_count,
        min(source_row) as first_row
    from records
    group by source, delivery_id, source_file, fate, reason
),

final as (
    select
        {{ declared_columns('counted', {'records': 'counted.record_count'}) | indent(8) }}
    from counted
)

select * from final
