with users as (
    select
        events.company_id as company_id,
        events.user_key as user_key,
        {{ cast_to('count(*)', 'integer') }} as events_of_user,
        count(distinct events.country_code) as countries_of_user,
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
        company_id as peers_company_id,
        sum(events_of_user) as events_of_company,
        {{ median('events_of_user') }} as median_of_users
    from users
    group by company_id
    having count(*) >= {{ var('dq_least_users') }}
),

deviations as (
    select
        users.*,
        companies.events_of_company,
        companies.median_of_users,
        users.events_of_user - companies.median_of_users as above_median
    from users
    inner join companies on users.company_id = companies.peers_company_id
),

spreads as (
    select
        company_id as spread_company_id,
        {{ median('abs(above_median)') }} as mad
    from deviations
    group by company_id
),

concentrated as (
    select
        deviations.*,
        spreads.mad
    from deviations
    inner join spreads on deviations.company_id = spreads.spread_company_id
    where
        {# most users have one or two events: a deviation is at least one event #}
        deviations.above_median > {{ var('dq_mads') }} * greatest(spreads.mad, 1)
        and {{ ratio('deviations.events_of_user', 'deviations.events_of_company') }} > {{ to_double(var('dq_user_share')) }}
)

{{ findings(
    'concentrated', key="company_id || '|' || user_key", observed=number_text('events_of_user'),
    expected="'about ' || " ~ number_text('median_of_users'), records='events_of_user',
    numbers=['events_of_company', 'mad', 'countries_of_user'], texts=['company_id', 'user_key'],
    first='first_of_user', last='last_of_user'
) }}
