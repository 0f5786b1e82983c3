with countries as (
    select
        company_id,
        country_code,
        sum(events_sampled) as row_count
    from {{ ref('fct_consent_company_daily') }}
    where
        company_id is not null
        and country_code is not null
    group by company_id, country_code
),

counted as (
    select
        company_id,
        count(*) as seen,
        sum(row_count) as located_count,
        count(*) filter (where row_count = 1) as once,
        count(*) filter (where row_count = 2) as twice
    from countries
    group by company_id
),

unseen_countries as (
    select
        company_id,
        {{ to_double('seen') }} as seen,
        {{ unseen_kinds('once', 'twice', 'located_count') }} as unseen,
        {{ unseen_kinds_variance('once', 'twice', 'located_count') }} as variance
    from counted
),

estimated as (
    select
        company_id,
        seen,
        seen + unseen as estimated,
        sqrt(variance) as error,
        seen + unseen / {{ unseen_kinds_reach('unseen', 'variance') }} as low,
        seen + unseen * {{ unseen_kinds_reach('unseen', 'variance') }} as high
    from unseen_countries
)

select * from estimated
