with ledger as (
    select
        _delivery_id,
        _source_file,
        sum(records_current) as current_count,
        sum(records_replaced_in_delivery) as replaced_in_delivery_count,
        sum(records_replaced_by_delivery) as replaced_by_delivery_count,
        sum(revenue_usd_current) as current_revenue,
        sum(revenue_usd_replaced_in_delivery) as replaced_in_delivery_revenue,
        sum(revenue_usd_replaced_by_delivery) as replaced_by_delivery_revenue,
        sum(revenue_usd_still_counting) as still_counting_revenue
    from {{ ref('int_ad_serving__record_ledger') }}
    group by _delivery_id, _source_file
),

set_aside as (
    select
        _delivery_id,
        _source_file,
        count(*) as set_aside_count,
        sum(coalesce(revenue_usd, 0)) as set_aside_revenue
    from {{ ref('fct_ad_events_set_aside') }}
    group by _delivery_id, _source_file
),

files as (
    select * from {{ ref('stg_ad_serving__files') }}
    where entity = 'events'
),

final as (
    select
        _delivery_id,
        files._delivered_at,
        _source_file,
        files.records_read,
        files.records_landed,
        files.records_rejected,
        files.records_blank,
        {%- for fate in ['current', 'replaced_in_delivery', 'replaced_by_delivery', 'set_aside'] %}
        {{ cast_to('coalesce(' ~ fate ~ '_count, 0)', 'integer') }} as records_{{ fate }},
        {{ cast_to('coalesce(' ~ fate ~ '_revenue, 0)', 'money') }} as revenue_usd_{{ fate }},
        {%- endfor %}
        {{ cast_to('coalesce(still_counting_revenue, 0)', 'money') }} as revenue_usd_still_counting
    from files
    left join ledger using (_delivery_id, _source_file)
    left join set_aside using (_delivery_id, _source_file)
)

select * from final
