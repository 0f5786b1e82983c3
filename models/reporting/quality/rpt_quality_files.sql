{%- set sources = judged_sources() %}

with files as (
    {%- for source, declared_source in sources.items() %}
    {{ files_of(source, declared_source.records) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

ranked as (
    select
        *,
        row_number() over (
            partition by source, delivery_id, source_file order by records desc, fate asc, reason asc
        ) as place
    from {{ ref('rpt_quality_faulty_records') }}
),

faulty as (
    select
        source,
        delivery_id,
        source_file,
        sum(case when fate = 'set aside' then records else 0 end) as set_aside_count,
        max(case when place = 1 then reason end) as reason_of_most
    from ranked
    group by source, delivery_id, source_file
),

final as (
    select
        {{ declared_columns('files', {
            'records_set_aside': 'coalesce(faulty.set_aside_count, 0)',
            'main_reason': 'faulty.reason_of_most',
        }) | indent(8) }}
    from files
    left join faulty
        on
            files.source = faulty.source
            and files.delivery_id = faulty.delivery_id
            and files.source_file = faulty.source_file
)

select * from final
