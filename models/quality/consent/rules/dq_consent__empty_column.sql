{%- set columns = [
    'event_id', 'user_key', 'event_type', 'sampling_rate_as_delivered', 'parameters', 'timestamp_as_delivered', 'window_start',
    'company_id', 'consent_status', 'event_count_as_delivered', 'experiment', 'sdk_type', 'domain', 'deployment_id',
    'country_code', 'region', 'browser_family', 'device_type'
] %}

with filled as (
    select
        _delivery_id,
        {%- for column in columns %}
        count({{ column }}) as filled_{{ column }},
        {%- endfor %}
        count(*) as records_of_delivery,
        count(distinct _source_file) as files_of_delivery
    from {{ ref('stg_consent__events') }}
    group by _delivery_id
    having count(*) >= {{ var('dq_least_records') }}
),

empty as (
    {%- for column in columns %}
    select
        '{{ column }}' as column_name,
        _delivery_id,
        records_of_delivery,
        files_of_delivery
    from filled
    where filled_{{ column }} = 0
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

{{ findings(
    'empty', key='column_name', observed="'no value'", expected="'values'", records='records_of_delivery',
    numbers=['files_of_delivery']
) }}
