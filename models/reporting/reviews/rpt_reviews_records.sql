with counted as (
    select
        records._delivery_id as delivery_id,
        min(records._delivered_at) as delivered_at,
        count(*) as files,
        sum(records.records_read) as records_read,
        sum(records.records_current) as records_current,
        sum(records.records_replaced) as records_replaced,
        sum(records.records_set_aside) as records_set_aside,
        sum(records.records_retracted) as records_retracted,
        sum(records.records_rejected) as records_rejected,
        sum(records.records_blank) as records_blank
    from {{ ref('fct_product_review_records') }} as records
    group by records._delivery_id
),

final as (
    select
        {{ declared_columns('counted') | indent(8) }}
    from counted
)

select * from final
