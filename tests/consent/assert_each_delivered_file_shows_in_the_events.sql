-- For each delivered file: its current records are the events that name it, and every usable record has a fate.
with current_and_fated as (
    select
        _delivery_id,
        _source_file,
        records_current as current_count,
        records_current + records_replaced_in_delivery + records_replaced_by_delivery as fated_count
    from {{ ref('fct_consent_event_records') }}
    union all
    select
        _delivery_id,
        _source_file,
        -count(*) as current_count,
        0 as fated_count
    from {{ ref('fct_consent_events') }}
    group by _delivery_id, _source_file
    union all
    select
        _delivery_id,
        _source_file,
        0 as current_count,
        -count(*) as fated_count
    from {{ ref('stg_consent__events') }}
    where set_aside_reason is null
    group by _delivery_id, _source_file
),

differences as (
    select
        _delivery_id,
        _source_file,
        sum(current_count) as current_records_too_many,
        sum(fated_count) as fated_records_too_many
    from current_and_fated
    group by _delivery_id, _source_file
)

select * from differences
where
    current_records_too_many is distinct from 0
    or fated_records_too_many is distinct from 0
