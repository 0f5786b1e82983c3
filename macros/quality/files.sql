{#
    Whether a part is more than half of the records of a file; false where the file has too few records to tell (var
    dq_least_records).
#}
{% macro is_most(part, records) -%}
    ({{ records }} >= {{ var('dq_least_records') }} and 2 * {{ part }} > {{ records }})
{%- endmacro %}
