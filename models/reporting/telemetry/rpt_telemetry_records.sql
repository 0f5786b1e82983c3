with counted as (
    select
        records._delivery_id as delivery_id,
        min(records._delivered_at) as delivered_at,
        count(*) as files,
        sum(records.records_read) as records_read,
        sum(records.records_first) as records_current,
        sum(records.records_duplicate + records.records_in_conflict) as records_replaced,
        sum(records.records_untimed) as records_set_aside,
        sum(records.records_invalid + records.records_repaired) as records_rejected,
        sum(records.records_blank) as records_blank
    from {{ ref('fct_device_reading_records') }} as records
    group by records._delivery_id
),

final as (
    select
        {{ declared_columns('counted') | indent(8) }}
    from counted
)

select * from final
