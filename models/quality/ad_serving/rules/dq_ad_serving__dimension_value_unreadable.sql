{%- set values = {
    'start_date': 'start_date_as_delivered', 'end_date': 'end_date_as_delivered', 'budget_usd': 'budget_as_delivered'
} %}

with unreadable as (
    {%- for column, delivered in values.items() %}
    select
        'campaigns/' || coalesce(campaign_id, {{ place_of_record() }}) || '/{{ column }}' as value_key,
        {{ delivered }} as value_as_delivered,
        '{{ column }}' as column_name,
        _delivery_id,
        _source_file,
        _source_row
    from {{ ref('stg_ad_serving__campaigns') }}
    where
        {{ delivered }} is not null
        and {{ column }} is null
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

{{ findings_of_records(
    'unreadable', key='value_key', day=none, observed='value_as_delivered',
    expected="case when column_name = 'budget_usd' then 'an amount in US dollars' else 'a day' end", texts=['column_name']
) }}
