with versions as (
    {{ versions_of(
        ref('snap_consent__companies'),
        'company_id',
        ['industry_back', 'industry_front', 'hq_country']
    ) | indent(4) }}
),

final as (
    select
        {{ cast_to('version_id', 'text') }} as company_version_id,
        {{ cast_to('company_id', 'text') }} as company_id,
        industry_back,
        industry_front,
        hq_country,
        {{ version_columns() }}
    from versions
)

select * from final
