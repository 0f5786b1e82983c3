{%- set tables = {
    'advertiser': ref('stg_ad_delivery__advertisers'),
    'campaign': ref('stg_ad_delivery__campaigns'),
    'impressions': ref('stg_ad_delivery__impressions'),
    'clicks': ref('stg_ad_delivery__clicks'),
} %}

with staged as (
    {%- for table, staging in tables.items() %}
    select
        {{ cast_to("'" ~ table ~ "'", 'text') }} as staged_table,
        {{ cast_to('_delivery_id', 'text') }} as staged_delivery,
        {{ cast_to('count(*)', 'integer') }} as staged_records
    from {{ staging }}
    group by _delivery_id
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

compared as (
    select
        runs.table_name as table_name,
        runs._delivery_id as _delivery_id,
        runs.table_name || '/' || {{ cast_to('runs._delivery_id', 'text') }} as table_and_delivery,
        {{ cast_to('runs.new_rows + runs.changed_rows + runs.deleted_rows', 'integer') }} as counted_changes,
        {{ cast_to('coalesce(staged.staged_records, 0)', 'integer') }} as staged_records,
        runs.new_rows as new_rows,
        runs.changed_rows as changed_rows,
        runs.deleted_rows as deleted_rows
    from {{ ref('stg_ad_delivery__extractions') }} as runs
    left join staged
        on
            runs.table_name = staged.staged_table
            and runs._delivery_id = staged.staged_delivery
),

{# a cdc run has a record for each change of a row, so more records are no fault #}
missing as (
    select * from compared
    where staged_records < counted_changes
)

{{ findings(
    'missing', key='table_and_delivery', observed=cast_to('staged_records', 'text') ~ " || ' records'",
    expected=cast_to('counted_changes', 'text') ~ " || ' changes'", records='counted_changes - staged_records',
    numbers=['new_rows', 'changed_rows', 'deleted_rows'], texts=['table_name']
) }}
