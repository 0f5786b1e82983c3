with deliveries as (
    select
        _delivery_id,
        max(_delivered_at) as delivered_at
    from {{ ref('stg_ad_serving__files') }}
    group by _delivery_id
),

touched as (
    select distinct
        event_date,
        _delivery_id
    from {{ ref('int_ad_serving__record_ledger') }}
),

dated as (
    select
        touched.event_date as event_date,
        touched._delivery_id as _delivery_id,
        deliveries.delivered_at,
        deliveries.delivered_at >= {{ cast_to('touched.event_date', 'timestamp') }} + interval 1 day as is_day_over
    from touched
    inner join deliveries on touched._delivery_id = deliveries._delivery_id
),

numbered as (
    select
        *,
        row_number() over (partition by event_date, is_day_over order by _delivery_id) as publication_number
    from dated
),

publications as (
    select
        event_date,
        _delivery_id,
        {{ cast_to('delivered_at', 'timestamp') }} as _delivered_at,
        case
            when not is_day_over then 'preliminary'
            when publication_number = 1 then 'first'
            else 'restatement'
        end as publication
    from numbered
)

select * from publications
