with companies as (
    select
        company_id,
        count(*) as users_seen_again,
        count(*) filter (where countries_of_user > 1 and browsers_of_user > 1) as users_in_two_places,
        sum(events_of_user) filter (where countries_of_user > 1 and browsers_of_user > 1) as events_of_them,
        min(first_of_user) as first_of_company,
        max(last_of_user) as last_of_company
    from {{ ref('int_consent__users') }}
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
