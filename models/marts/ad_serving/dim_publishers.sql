with versions as (
    select * from {{ ref('dim_publishers_history') }}
    where is_current
),

final as (
    select
        publisher_id,
        publisher_name,
        publisher_category,
        primary_domain,
        account_manager,
        country_code,
        timezone,
        created_at,
        updated_at,
        last_observed_at,
        _delivery_id
    from versions
)

select * from final
