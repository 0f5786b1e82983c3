with last_run as (
    select max(_delivery_id) as last_delivery_id
    from {{ ref('fct_ad_delivery_extractions') }}
),

final as (
    select
        {{ declared_columns('runs', {
            'delivery_id': 'runs._delivery_id',
            'delivered_at': 'runs._delivered_at',
            'is_latest': 'runs._delivery_id = last_run.last_delivery_id',
            'adds_up': 'runs.source_rows = runs.known_rows and runs.known_rows = runs.warehouse_rows',
            'records_current': 'records.records_current',
            'records_replaced': 'records.records_replaced',
            'records_deleted': 'records.records_deleted',
            'records_set_aside': 'records.records_set_aside',
        }) | indent(8) }}
    from {{ ref('fct_ad_delivery_extractions') }} as runs
    cross join last_run
    left join {{ ref('fct_ad_delivery_event_records') }} as records
        on
            runs._delivery_id = records._delivery_id
            and runs.table_name = records._source_file
)

select * from final
