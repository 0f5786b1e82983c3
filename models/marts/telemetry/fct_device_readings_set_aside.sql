{{ config(order_by='event_date') }}

with rejected as (
    select * from {{ ref('stg_telemetry__rejected') }}
    where entity = 'readings'
),

{# few messages are invalid: look up the readings at their positions, not the other way round #}
repaired as (
    select
        _source_file,
        _source_row
    from {{ ref('stg_telemetry__readings') }}
    where
        (_source_file, _source_row) in (
            select
                rejected._source_file,
                rejected._source_row
            from rejected
        )
),

messages as (
    select
        rejected.reason as set_aside_reason,
        coalesce(rejected.message_key, 'unknown') as device_id,
        'unknown' as firmware_version,
        {{ cast_to(sent_at('rejected'), 'date') }} as event_date,
        repaired._source_row is not null as is_repaired,
        rejected.fault_detail as fault_detail,
        rejected._produced_at as _produced_at,
        rejected._consumed_at as _consumed_at,
        rejected._delivery_id as _delivery_id,
        rejected._source_file as _source_file,
        rejected._source_row as _source_row
    from rejected
    left join repaired
        on
            rejected._source_file = repaired._source_file
            and rejected._source_row = repaired._source_row
    union all
    select
        untimed.set_aside_reason as set_aside_reason,
        untimed.device_id as device_id,
        untimed.firmware_version as firmware_version,
        {{ cast_to(sent_at('untimed'), 'date') }} as event_date,
        false as is_repaired,
        untimed._unmapped as fault_detail,
        untimed._produced_at as _produced_at,
        untimed._consumed_at as _consumed_at,
        untimed._delivery_id as _delivery_id,
        untimed._source_file as _source_file,
        untimed._source_row as _source_row
    from {{ ref('stg_telemetry__readings') }} as untimed
    where untimed.set_aside_reason is not null
),

final as (
    select
        {{ declared_columns('messages') | indent(8) }}
    from messages
)

select * from final
