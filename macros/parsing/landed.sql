{# The columns that every staging model carries last: where the row came from. #}
{% macro landed_columns(relation) -%}
        {{ cast_to(relation ~ '._delivery_id', 'category') }} as _delivery_id,
        {{ cast_to(relation ~ '._delivered_at', 'timestamp') }} as _delivered_at,
        {{ cast_to(relation ~ '._source_file', 'category') }} as _source_file,
        {{ cast_to(relation ~ '._source_row', 'integer') }} as _source_row,
        {{ cast_to(relation ~ '._unmapped', 'text_nullable') }} as _unmapped
{%- endmacro %}


{# The order in which records of the same key replace each other: the last delivery wins, then file and row. #}
{% macro latest_first() -%}
    _delivery_id desc, _source_file desc, _source_row desc
{%- endmacro %}
