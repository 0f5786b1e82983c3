with users as (
    select
        company_id,
        user_key,
        {{ cast_to('count(*)', 'integer') }} as events_of_user,
        count(distinct country_code) as countries_of_user,
        count(distinct coalesce(browser_family, '') || '|' || coalesce(device_type, '')) as browsers_of_user,
        min(_delivery_id) as first_of_user,
        max(_delivery_id) as last_of_user
    from {{ ref('fct_consent_events') }}
    where
        company_id is not null
        and user_key is not null
    group by company_id, user_key
)

select * from users
