with users as (
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
)

select * from users
