{# The names of the conditions that hold, joined by commas; NULL where none does. #}
{% macro names_where(conditions) -%}
    {%- set names = [] -%}
    {%- for name, condition in conditions.items() -%}
        {%- do names.append("case when " ~ condition ~ " then '" ~ name ~ ",' else '' end") -%}
    {%- endfor -%}
    nullif({{ replace_all(names | join(' || '), ',$', '') }}, '')
{%- endmacro %}
