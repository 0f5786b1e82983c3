-- After the newest extraction, staging adds up to the rows that PostgreSQL counted, table by table.
with newest as (
    select * from {{ ref('fct_ad_delivery_extractions') }}
    qualify row_number() over (partition by table_name order by _delivery_id desc) = 1
)

select
    table_name,
    source_rows,
    warehouse_rows
from newest
where source_rows <> warehouse_rows
