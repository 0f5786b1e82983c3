{# The versions of a dimension that changed it: which attributes, and their old and new values. #}
{% macro changes_of_dimension(entity, history, key) -%}
    {%- set attributes = shown_attributes(history, key) -%}
    select
        '{{ entity }}/' || {{ cast_to(key, 'text') }} || '/' || _delivery_id as change_key,
        {{ changed_values(attributes) }} as values_after,
        {{ changed_values(attributes, 'previous_') }} as values_before,
        version_number,
        {{ cast_to('_delivery_id', 'text') }} as _delivery_id
    from (
        select
            {%- for column in attributes %}
            lag({{ column }}) over (partition by {{ key }} order by version_number) as previous_{{ column }},
            {%- endfor %}
            *
        from {{ history }}
    ) as versions
    where version_number > 1
{%- endmacro %}


{# Whether any of the attributes differs from previous_<column>; false where there are none. #}
{% macro any_changed(attributes) -%}
    (
        {%- for column in attributes %}
        {{ 'or ' if not loop.first }}{{ column }} is distinct from previous_{{ column }}
        {%- else %}
        false
        {%- endfor %}
    )
{%- endmacro %}


{#
    column=value for each attribute that differs from previous_<column>, joined by commas; empty for none. With side,
    the previous values.
#}
{% macro changed_values(attributes, side='') -%}
    {%- set parts = ["''"] if not attributes else [] -%}
    {%- for column, kind in attributes.items() -%}
        {%- set text = "'" ~ column ~ "=' || coalesce(" ~ attribute_text(kind, side ~ column) ~ ", 'none') || ', '" -%}
        {%- do parts.append("case when " ~ column ~ " is distinct from previous_" ~ column ~ " then " ~ text ~ " else '' end") -%}
    {%- endfor -%}
    {{ replace_all(parts | join(' || '), ', $', '') }}
{%- endmacro %}


{# A value for display; a timestamp as its day. #}
{% macro attribute_text(kind, value) -%}
    {%- if kind.startswith('timestamp') -%}
        {{ cast_to(cast_to(value, 'date_nullable'), 'text_nullable') }}
    {%- else -%}
        {{ text_of(value, kind) }}
    {%- endif -%}
{%- endmacro %}


{# The attributes that make up a version of a dimension, by name with their kinds, from the YAML of its history. #}
{% macro shown_attributes(history, key) -%}
    {%- set kinds = {} -%}
    {%- if execute -%}
        {%- set node = graph.nodes['model.' ~ project_name ~ '.' ~ history.identifier] -%}
        {%- for column in attributes_of(node, key) -%}
            {%- do kinds.update({column: node.columns[column].data_type}) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(kinds) }}
{%- endmacro %}
