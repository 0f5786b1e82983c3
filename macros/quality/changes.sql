{# column=value of the columns that differ from previous_<column>, by commas; empty for none. With side, the values before. #}
{% macro changed_values(columns, side='') -%}
    {%- set parts = [] -%}
    {%- for column in columns -%}
        {%- set text = "'" ~ column ~ "=' || coalesce(" ~ attribute_text(column, side ~ column) ~ ", 'none') || ', '" -%}
        {%- do parts.append("case when " ~ column ~ " is distinct from previous_" ~ column ~ " then " ~ text ~ " else '' end") -%}
    {%- endfor -%}
    {{ replace_all(parts | join(' || '), ', $', '') }}
{%- endmacro %}


{# A value to be shown; a moment as its day. #}
{% macro attribute_text(column, value) -%}
    {%- if column == 'budget_usd' -%}
        {{ number_text(value) }}
    {%- elif column == 'created_at' -%}
        {{ cast_to(cast_to(value, 'date_nullable'), 'text_nullable') }}
    {%- else -%}
        {{ cast_to(value, 'text_nullable') }}
    {%- endif -%}
{%- endmacro %}


{# The versions of a dimension that changed it: which attributes, from what to what. #}
{% macro changes_of_dimension(entity, key, columns) -%}
    select
        '{{ entity }}/' || {{ key }} || '/' || _delivery_id as change_key,
        {{ changed_values(columns) }} as values_after,
        {{ changed_values(columns, 'previous_') }} as values_before,
        _delivery_id
    from (
        select
            *,
            {%- for column in columns %}
            lag({{ column }}) over (partition by {{ key }} order by version_number) as previous_{{ column }}
            {{- ',' if not loop.last }}
            {%- endfor %}
        from {{ ref('dim_' ~ entity ~ '_history') }}
    ) as versions
    where version_number > 1
{%- endmacro %}
