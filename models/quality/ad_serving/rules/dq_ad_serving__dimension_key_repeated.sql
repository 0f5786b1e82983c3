{%- set keys = {'publishers': 'publisher_id', 'campaigns': 'campaign_id', 'ad_units': 'ad_unit_id'} %}

with repeated as (
    {%- for entity, key in keys.items() %}
    select
        '{{ entity }}/' || {{ key }} as dimension_key,
        {{ cast_to('_source_file', 'text') }} as source_file,
        count(*) as records_of_key,
        {{ cast_to('_delivery_id', 'text') }} as delivery_id
    from {{ ref('stg_ad_serving__' ~ entity) }}
    where {{ key }} is not null
    group by {{ key }}, _delivery_id, _source_file
    having count(*) > 1
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

{{ findings(
    'repeated', key='dimension_key', observed=cast_to('records_of_key', 'text') ~ " || ' records'", expected="'1 record'",
    records='records_of_key', texts=['source_file'], first='delivery_id', last='delivery_id'
) }}
