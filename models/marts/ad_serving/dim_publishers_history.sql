with versions as (
    {{ versions_of(
        ref('snap_ad_serving__publishers'),
        'publisher_id',
        ['publisher_name', 'publisher_category', 'primary_domain', 'account_manager', 'country_code', 'timezone', 'created_at'],
        restated=['updated_at']
    ) | indent(4) }}
),

final as (
    select
        {{ cast_to('version_id', 'text') }} as publisher_version_id,
        {{ cast_to('publisher_id', 'text') }} as publisher_id,
        publisher_name,
        publisher_category,
        primary_domain,
        account_manager,
        country_code,
        timezone,
        created_at,
        updated_at,
        {{ version_columns() }}
    from versions
)

select * from final
