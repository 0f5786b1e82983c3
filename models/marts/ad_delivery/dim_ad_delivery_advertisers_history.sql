with versions as (
    {{ versions_until_deleted(
        ref('int_ad_delivery__advertiser_observations'),
        'advertiser_id',
        ['advertiser_name', 'created_at']
    ) | indent(4) }}
),

final as (
    select
        {{ cast_to('version_id', 'text') }} as advertiser_version_id,
        advertiser_id,
        advertiser_name,
        created_at,
        updated_at,
        {{ version_columns() }}
    from versions
)

select * from final
