with {{ usual_counts(ref('int_consent__users'), 'events_of_user', by='company_id') }},

concentrated as (
    select
        people.company_id as company_id,
        people.user_key as user_key,
        people.events_of_user as events_of_user,
        people.countries_of_user as countries_of_user,
        people.first_of_user as first_of_user,
        people.last_of_user as last_of_user,
        usual.total as events_of_company,
        usual.middle as median_of_users,
        usual.mad as mad
    from {{ ref('int_consent__users') }} as people
    inner join usual on people.company_id = usual.company_id
    where
        usual.peers >= {{ var('dq_least_users') }}
        and people.events_of_user > usual.threshold
        and {{ ratio('people.events_of_user', 'usual.total') }} > {{ to_double(var('dq_user_share')) }}
)

{{ findings(
    'concentrated', key="company_id || '|' || user_key", observed=number_text('events_of_user'),
    expected="'about ' || " ~ number_text('median_of_users'), records='events_of_user',
    numbers=['events_of_company', 'mad', 'countries_of_user'], texts=['company_id', 'user_key'],
    first='first_of_user', last='last_of_user'
) }}
