{#
    Most users have one or two events a day, so places, hours and deliveries are only looked at for the few users with
    more events than the stricter rule allows: DuckDB takes ten times as long for the least text of each group as for a
    count. A user is concentrated above dq_mads events, and active around the clock above dq_waking_hours hours.
#}
{%- set days = incremental_by_day('int_ad_serving__event_identities', order_by=['user_id_hash']) %}
{%- set least = [var('dq_mads'), var('dq_waking_hours')] | min %}

with users as (
    select
        user_id_hash,
        event_date,
        count(*) as events,
        sum(revenue_usd) as revenue_usd
    from {{ ref('int_ad_serving__event_identities') }}
    where
        user_id_hash is not null
        and {{ in_days('event_date', days) }}
    group by user_id_hash, event_date
),

busy as (
    select
        identities.user_id_hash as user_id_hash,
        identities.event_date as event_date,
        count(distinct identities.publisher_id) as publishers,
        count(distinct identities.country_code) as countries,
        count(distinct identities.ip_prefix) as networks,
        count(distinct {{ hour_of('identities.event_at') }}) as hours,
        min(identities.first_delivery_id) as first_of_cell,
        max(identities.last_delivery_id) as last_of_cell
    from {{ ref('int_ad_serving__event_identities') }} as identities
    inner join users
        on
            identities.user_id_hash = users.user_id_hash
            and identities.event_date = users.event_date
    where
        users.events > {{ least }}
        and {{ in_days('identities.event_date', days) }}
    group by identities.user_id_hash, identities.event_date
),

user_days as (
    select
        users.user_id_hash as user_id_hash,
        users.event_date as event_date,
        users.events as events,
        users.revenue_usd as revenue_usd,
        busy.publishers,
        busy.countries,
        busy.networks,
        busy.hours,
        busy.first_of_cell,
        busy.last_of_cell,
        identity_days._day_version
    from users
    inner join {{ ref('int_ad_serving__identity_days') }} as identity_days on users.event_date = identity_days.event_date
    left join busy
        on
            users.user_id_hash = busy.user_id_hash
            and users.event_date = busy.event_date
)

select * from user_days
