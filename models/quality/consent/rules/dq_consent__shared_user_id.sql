with users as (
    select
        events.company_id as company_id,
        events.user_key as user_key,
        count(*) as events_of_user,
        count(distinct events.country_code) as countries,
        count(distinct coalesce(events.browser_family, '') || '|' || coalesce(events.device_type, '')) as browsers,
        min(events._delivery_id) as first_of_user,
        max(events._delivery_id) as last_of_user
    from {{ ref('fct_consent_events') }} as events
    where
        events.company_id is not null
        and events.user_key is not null
    group by events.company_id, events.user_key
),

companies as (
    select
        company_id,
        count(*) as users_seen_again,
        count(*) filter (where countries > 1 and browsers > 1) as users_in_two_places,
        sum(events_of_user) filter (where countries > 1 and browsers > 1) as events_of_them,
        min(first_of_user) as first_of_company,
        max(last_of_user) as last_of_company
    from users
    where events_of_user > 1
    group by company_id
    having count(*) >= {{ var('dq_least_users') }}
),

shared as (
    select * from companies
    where {{ ratio('users_in_two_places', 'users_seen_again') }} > {{ to_double(var('dq_users_in_two_places')) }}
)

{{ findings(
    'shared', key='company_id', observed=number_text('users_in_two_places') ~ " || ' of ' || " ~ number_text('users_seen_again'),
    expected="'hardly any user'", records='events_of_them', numbers=['users_in_two_places', 'users_seen_again'],
    first='first_of_company', last='last_of_company'
) }}
