with staged as (
    select
        _delivery_id,
        _source_file,
        count(*) filter (where set_aside_reason is null) as usable_count,
        count(*) filter (where set_aside_reason is not null) as set_aside_count
    from {{ ref('stg_consent__events') }}
    group by _delivery_id, _source_file
),

shown as (
    select
        _delivery_id,
        _source_file,
        count(*) as current_count
    from {{ ref('fct_consent_events') }}
    group by _delivery_id, _source_file
),

files as (
    select * from {{ ref('stg_consent__files') }}
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
        {{ cast_to('coalesce(shown.current_count, 0)', 'integer') }} as records_current,
        {{ cast_to('coalesce(staged.usable_count, 0) - coalesce(shown.current_count, 0)', 'integer') }} as records_replaced,
        {{ cast_to('coalesce(staged.set_aside_count, 0)', 'integer') }} as records_set_aside
    from files
    left join staged using (_delivery_id, _source_file)
    left join shown using (_delivery_id, _source_file)
)

select * from final
