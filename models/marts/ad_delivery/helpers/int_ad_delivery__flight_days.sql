with last_days as (
    select max({{ cast_to('_delivered_at', 'date_nullable') }}) as event_date
    from {{ ref('stg_ad_delivery__files') }}
),

flights as (
    select
        campaigns.campaign_id as campaign_id,
        coalesce(campaigns.start_date, {{ cast_to('campaigns.created_at', 'date_nullable') }}) as first_date,
        least(coalesce(campaigns.end_date, last_days.event_date), last_days.event_date) as last_date
    from {{ ref('dim_ad_delivery_campaigns') }} as campaigns
    cross join last_days
    where not campaigns.is_deleted
),

begun_flights as (
    select
        campaign_id,
        {{ cast_to('first_date', 'date') }} as flight_date,
        {{ cast_to("date_diff('day', first_date, last_date) + 1", 'integer') }} as day_count
    from flights
    where first_date <= last_date
),

flight_days as (
    select
        campaign_id,
        flight_date + cast({{ unnested('range(0, day_count)') }} as integer) as event_date
    from begun_flights
)

select * from flight_days
