{# Rules about dimensions, shared by all sources: keys of their findings begin with the entity. #}

{# A key that occurs more than once in a file; keys gives the staging model and the key of each entity. #}
{% macro rule_dimension_key_repeated(keys) -%}
with repeated as (
    {%- for entity, (staging, key) in keys.items() %}
    select
        '{{ entity }}/' || {{ key }} as dimension_key,
        _delivery_id,
        _source_file,
        count(*) as records_of_key,
        min(_source_row) as first_row,
        max(_source_row) as last_row
    from {{ staging }}
    where {{ key }} is not null
    group by {{ key }}, _delivery_id, _source_file
    having count(*) > 1
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

{{ findings(
    'repeated', rule='dimension_key_repeated', key='dimension_key', observed=cast_to('records_of_key', 'text') ~ " || ' records'",
    expected="'1 record'", records='records_of_key', numbers=['first_row', 'last_row'], texts=['_source_file']
) }}
{%- endmacro %}


{# A version of a member after its first; histories gives the history and the key of each entity. #}
{% macro rule_dimension_changed(histories) -%}
with changes as (
    {%- for entity, (history, key) in histories.items() %}
    {{ changes_of_dimension(entity, history, key) | indent(4) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

{{ findings(
    'changes', rule='dimension_changed', key='change_key', observed='values_after', expected='values_before',
    numbers=['version_number']
) }}
{%- endmacro %}


{#
    A value that staging could not read; values gives for each entity its staging model, its key and, by column, the
    column with the value as delivered.
#}
{% macro rule_unreadable_value(values) -%}
with unreadable as (
    {%- for entity, (staging, key, columns) in values.items() %}
    {%- set last_entity = loop.last %}
    {%- for column, delivered in columns.items() %}
    select
        '{{ entity }}/' || coalesce({{ cast_to(key, 'text_nullable') }}, {{ place_of_record() }}) || '/{{ column }}' as value_key,
        {{ cast_to(delivered, 'text_nullable') }} as value_as_delivered,
        '{{ column }}' as column_name,
        {{ cast_to('_delivery_id', 'text') }} as _delivery_id,
        {{ cast_to('_source_file', 'text') }} as _source_file,
        _source_row
    from {{ staging }}
    where
        {{ delivered }} is not null
        and {{ column }} is null
    {{ 'union all' if not (loop.last and last_entity) }}
    {%- endfor %}
    {%- endfor %}
)

{{ findings_of_records(
    'unreadable', rule='unreadable_value', key='value_key', day=none, observed='value_as_delivered',
    expected="'a readable ' || column_name", texts=['column_name']
) }}
{%- endmacro %}


{#
    Files with dates such as 02/09/2026 that do not show whether the day or the month is first, or show both; they are
    read with the day first. dates: by staging model, its columns as delivered.
#}
{% macro rule_undecided_dates(dates) -%}
with written as (
    {%- for staging, columns in dates %}
    {%- set last_staging = loop.last %}
    {%- for column in columns %}
    select
        '{{ column }}' as column_name,
        {{ cast_to('_delivery_id', 'text') }} as _delivery_id,
        {{ cast_to('_source_file', 'text') }} as _source_file,
        {{ cast_to(column, 'text_nullable') }} as written_date
    from {{ staging }}
    where {{ matches(column, '^[0-9]{1,2}[-/][0-9]{1,2}[-/][0-9]{4}$') }}
    {{ 'union all' if not (loop.last and last_staging) }}
    {%- endfor %}
    {%- endfor %}
),

told as (
    select
        column_name,
        _delivery_id,
        _source_file,
        min(case when {{ is_either_order('written_date') }} then written_date end) as example,
        count(*) filter (where {{ is_either_order('written_date') }}) as undecided_dates,
        max(case when {{ is_month_first('written_date') }} then 1 else 0 end) as month_first,
        max(case when {{ is_day_first('written_date') }} then 1 else 0 end) as day_first
    from written
    group by column_name, _delivery_id, _source_file
),

undecided as (
    select
        _delivery_id || '/' || _source_file as file_key,
        _delivery_id,
        _source_file,
        min(example) as first_example,
        {{ ordered_text_agg('column_name') }} as column_names,
        sum(undecided_dates) as dates_of_file
    from told
    where
        undecided_dates > 0
        and month_first = day_first
    group by _delivery_id, _source_file
)

{{ findings(
    'undecided', rule='undecided_dates', key='file_key', observed='first_example', expected="'dates that tell which number is the day'",
    records='dates_of_file', texts=['_source_file', 'column_names']
) }}
{%- endmacro %}
