-- Per delivered file: its current records are the events that name it, and all staged records and dollars have a fate.
with current_and_fated as (
    select
        _delivery_id,
        _source_file,
        records_current as current_count,
        revenue_usd_current as current_revenue,
        records_current
        + records_replaced_in_delivery
        + records_replaced_by_delivery
        + records_set_aside as fated_count,
        revenue_usd_current
        + revenue_usd_replaced_in_delivery
        + revenue_usd_replaced_by_delivery
        + revenue_usd_set_aside as fated_revenue
    from {{ ref('fct_ad_event_records') }}
    union all
    select
        _delivery_id,
        _source_file,
        -count(*) as current_count,
        -sum(revenue_usd_as_delivered) as current_revenue,
        0 as fated_count,
        {{ cast_to('0', 'money') }} as fated_revenue
    from {{ ref('fct_ad_events') }}
    group by _delivery_id, _source_file
    union all
    select
        _delivery_id,
        _source_file,
        0 as current_count,
        {{ cast_to('0', 'money') }} as current_revenue,
        -count(*) as fated_count,
        -sum(coalesce(revenue_usd, 0)) as fated_revenue
    from {{ ref('stg_ad_serving__events') }}
    group by _delivery_id, _source_file
),

differences as (
    select
        _delivery_id,
        _source_file,
        sum(current_count) as current_records_too_many,
        sum(current_revenue) as current_revenue_too_much,
        sum(fated_count) as fated_records_too_many,
        sum(fated_revenue) as fated_revenue_too_much
    from current_and_fated
    group by _delivery_id, _source_file
)

select * from differences
where
    current_records_too_many is distinct from 0
    or current_revenue_too_much is distinct from 0
    or fated_records_too_many is distinct from 0
    or fated_revenue_too_much is distinct from 0
