-- The records of a table in a delivery are numbered from 1: their order decides which record counts.
with
{%- for table in ['advertisers', 'campaigns', 'impressions', 'clicks'] %}
{{ table }} as (
    select
        '{{ table }}' as table_name,
        _delivery_id,
        {{ cast_to('count(*)', 'integer') }} as record_count,
        min(_source_row) as first_row,
        max(_source_row) as last_row,
        sum(_source_row) as sum_of_rows
    from {{ ref('stg_ad_delivery__' ~ table) }}
    group by _delivery_id
){{ ',' if not loop.last }}
{% endfor %}
select * from (
    {%- for table in ['advertisers', 'campaigns', 'impressions', 'clicks'] %}
    select * from {{ table }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
) as numbered
where
    first_row <> 1
    or last_row <> record_count
    or sum_of_rows * 2 <> record_count * (record_count + 1)
