{%- set columns = [
    'event_id', 'event_type', 'timestamp_as_delivered', 'publisher_id', 'ad_unit_id', 'campaign_id', 'advertiser_id', 'device_type',
    'browser', 'site_domain', 'country_code', 'region', 'city', 'revenue_usd', 'bid_floor_usd', 'is_filled', 'placement_quality_score'
] %}

with files as (
    select
        {{ cast_to('_delivery_id', 'text') }} as delivery_id,
        {{ cast_to('_source_file', 'text') }} as source_file,
        case when _source_file like '%.parquet' then 'Parquet' else 'text' end as file_format,
        {%- for column in columns %}
        count({{ column }}) as {{ column }}_values,
        {%- endfor %}
        {{ cast_to('count(*)', 'integer') }} as records
    from {{ ref('stg_ad_serving__events') }}
    group by _delivery_id, _source_file
    having count(*) >= {{ var('dq_least_records') }}
),

filled as (
    {%- for column in columns %}
    select
        delivery_id,
        source_file,
        file_format,
        records,
        '{{ column }}' as column_name,
        {{ cast_to(column ~ '_values', 'integer') }} as filled_values
    from files
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

compared as (
    select
        *,
        {{ cast_to('count(*) over peers - 1', 'integer') }} as other_files,
        {{ cast_to('sum(case when 2 * filled_values > records then 1 else 0 end) over peers', 'integer') }} as files_that_fill_it,
        delivery_id || '/' || source_file || '/' || column_name as column_key
    from filled
    window peers as (partition by delivery_id, file_format, column_name)
),

lost as (
    select * from compared
    where
        filled_values = 0
        and other_files >= {{ var('dq_least_files') }} - 1
        and {{ to_double('files_that_fill_it') }} >= {{ to_double(var('dq_share_of_files')) }} * {{ to_double('other_files') }}
)

{{ findings(
    'lost', key='column_key', observed="'no value'", expected="'a value, as in most other files'", records='records',
    numbers=['other_files', 'files_that_fill_it'], texts=['source_file', 'column_name', 'file_format'],
    first='delivery_id', last='delivery_id'
) }}
