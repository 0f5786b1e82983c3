with differing as (
    select
        *,
        table_name || '/' || {{ cast_to('_delivery_id', 'text') }} as table_and_delivery
    from {{ ref('fct_ad_delivery_extractions') }}
    where
        not is_reconciled
        or warehouse_rows <> source_rows
)

{{ findings(
    'differing', key='table_and_delivery', observed=cast_to('warehouse_rows', 'text') ~ " || ' rows'",
    expected=cast_to('source_rows', 'text') ~ " || ' rows'", records='abs(source_rows - warehouse_rows)',
    numbers=['source_rows', 'known_rows', 'warehouse_rows'], texts=['table_name', 'mode']
) }}
