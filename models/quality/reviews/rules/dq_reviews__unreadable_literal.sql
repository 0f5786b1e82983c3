with unreadable as (
    {%- for column in ['categories', 'salesrank', 'related'] %}
    select
        '{{ column }}' as column_name,
        coalesce({{ cast_to('product_id', 'text_nullable') }}, {{ place_of_record() }}) || '|{{ column }}' as literal_key,
        {{ column }}_as_delivered as literal_as_delivered,
        _delivery_id,
        _source_file,
        _source_row
    from {{ ref('stg_reviews__products') }}
    where ',' || unreadable_literals || ',' like '%,{{ column }},%'
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

{{ findings_of_records(
    'unreadable', key='literal_key', day=none, observed=first_characters('literal_as_delivered', 100),
    expected="case when column_name = 'categories' then 'a list of paths' else 'a dictionary' end", texts=['column_name']
) }}
