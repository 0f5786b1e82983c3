with people as (
    select
        user_id_hash,
        event_date,
        count(*) as events,
        count(distinct publisher_id) as publishers,
        count(distinct country_code) as countries,
        count(distinct ip_prefix) as networks,
        count(distinct {{ hour_of('event_at') }}) as hours,
        sum(revenue_usd) as revenue_usd,
        min(first_delivery_id) as first_of_cell,
        max(last_delivery_id) as last_of_cell
    from {{ ref('int_ad_serving__event_identities') }}
    where user_id_hash is not null
    group by user_id_hash, event_date
),

{{ usual_counts('people', 'events', by='event_date') }},

concentrated as (
    select
        people.*,
        usual.threshold as threshold
    from people
    inner join usual on people.event_date = usual.event_date
    where people.events > usual.threshold
)

{{ findings(
    'concentrated', key="user_id_hash || '|' || " ~ cast_to('event_date', 'text'), day='event_date',
    observed=cast_to('events', 'text'), expected="'at most ' || " ~ cast_to(cast_to('threshold', 'integer'), 'text'),
    records='events', impact='revenue_usd', numbers=['events', 'publishers', 'countries', 'networks', 'hours'],
    texts=['user_id_hash'], first='first_of_cell', last='last_of_cell'
) }}
