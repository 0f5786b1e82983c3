with versions as (
    select * from {{ ref('dim_companies_history') }}
    where is_current
),

final as (
    select
        company_id,
        industry_back,
        industry_front,
        hq_country,
        last_observed_at,
        _delivery_id
    from versions
)

select * from final
