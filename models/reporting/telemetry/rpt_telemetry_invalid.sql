with counted as (
    select
        messages.event_date as event_date,
        messages.set_aside_reason as set_aside_reason,
        count(*) as messages,
        count(distinct messages.device_id) as devices,
        min(messages.fault_detail) as example
    from {{ ref('fct_device_readings_set_aside') }} as messages
    where not messages.is_repaired
    group by messages.event_date, messages.set_aside_reason
),

final as (
    select
        {{ declared_columns('counted') | indent(8) }}
    from counted
)

select * from final
