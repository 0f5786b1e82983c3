with records as (
    select
        _delivery_id,
        _source_file,
        count(*) as staged_count,
        count(*) filter (where set_aside_reason is not null) as set_aside_count,
        sum(coalesce(revenue_usd, 0)) as revenue_staged,
        sum(case when set_aside_reason is not null then coalesce(revenue_usd, 0) else 0 end) as revenue_set_aside
    from {{ ref('stg_ad_serving__events') }}
    group by _delivery_id, _source_file
),

events as (
    select
        _delivery_id,
        _source_file,
        count(*) as current_count,
        sum(revenue_usd_as_delivered) as revenue_current
    from {{ ref('fct_ad_events') }}
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
        {{ cast_to('coalesce(records.staged_count, 0)', 'integer') }} as records_staged,
        {{ cast_to('coalesce(records.set_aside_count, 0)', 'integer') }} as records_set_aside,
        {{ cast_to('coalesce(events.current_count, 0)', 'integer') }} as records_current,
        {{ cast_to(
            'coalesce(records.staged_count, 0) - coalesce(records.set_aside_count, 0) - coalesce(events.current_count, 0)',
            'integer'
        ) }} as records_replaced,
        {{ cast_to('coalesce(records.revenue_staged, 0)', 'money') }} as revenue_usd_delivered,
        {{ cast_to('coalesce(records.revenue_set_aside, 0)', 'money') }} as revenue_usd_set_aside,
        {{ cast_to('coalesce(events.revenue_current, 0)', 'money') }} as revenue_usd_current,
        {{ cast_to(
            'coalesce(records.revenue_staged, 0) - coalesce(records.revenue_set_aside, 0) - coalesce(events.revenue_current, 0)',
            'money'
        ) }} as revenue_usd_replaced
    from files
    left join records using (_delivery_id, _source_file)
    left join events using (_delivery_id, _source_file)
)

select * from final
