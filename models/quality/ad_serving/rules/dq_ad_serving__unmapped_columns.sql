{%- set entities = ['events', 'publishers', 'campaigns', 'ad_units'] %}

with named as (
    {%- for entity in entities %}
    select
        {{ cast_to('_delivery_id', 'text') }} as delivery_id,
        {{ cast_to('_source_file', 'text') }} as source_file,
        {{ unnested(json_keys('_unmapped')) }} as column_name
    from {{ ref('stg_ad_serving__' ~ entity) }}
    where _unmapped is not null
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

unmapped as (
    select
        delivery_id,
        source_file,
        column_name,
        count(*) as records_with_it,
        delivery_id || '/' || source_file || '/' || column_name as column_key
    from named
    group by delivery_id, source_file, column_name
)

{{ findings(
    'unmapped', key='column_key', observed='column_name', expected="'a column of the contract'", records='records_with_it',
    texts=['source_file', 'column_name'], first='delivery_id', last='delivery_id'
) }}
