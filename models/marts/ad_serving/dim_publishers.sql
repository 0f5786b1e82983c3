with publishers as (
    select * from {{ ref('int_ad_serving__publishers') }}
),

final as (
    select
        {{ cast_to('publisher_id', 'text') }} as publisher_id,
        publisher_name,
        publisher_category,
        primary_domain,
        account_manager,
        country_code,
        timezone,
        created_at,
        updated_at,
        _delivery_id
    from publishers
)

select * from final
