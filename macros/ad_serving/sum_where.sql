{# The sum of an expression over the rows of a group that meet a condition; 0 where none does. #}
{% macro sum_where(expression, condition, kind='money') -%}
    {{ cast_to('sum(case when ' ~ condition ~ ' then ' ~ expression ~ ' else 0 end)', kind) }}
{%- endmacro %}
