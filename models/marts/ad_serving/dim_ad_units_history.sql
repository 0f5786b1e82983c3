with versions as (
    {{ versions_of(
        ref('snap_ad_serving__ad_units'),
        'ad_unit_id',
        ['publisher_id', 'ad_unit_name', 'ad_format', 'ad_size', 'placement_type', 'is_active', 'created_at']
    ) | indent(4) }}
),

final as (
    select
        {{ cast_to('version_id', 'text') }} as ad_unit_version_id,
        {{ cast_to('ad_unit_id', 'text') }} as ad_unit_id,
        publisher_id,
        ad_unit_name,
        ad_format,
        ad_size,
        placement_type,
        is_active,
        created_at,
        {{ version_columns() }}
    from versions
)

select * from final
