{# The columns that say what a record of any table did to its row, and when. #}
{% macro change_columns(relation) -%}
        {{ cast_to(relation ~ '.operation', 'category') }} as operation,
        {{ cast_to(relation ~ '.changed_at', 'timestamp_nullable') }} as changed_at
{%- endmacro %}
