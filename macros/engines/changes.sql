{# Sets columns to NULL in the rows of a table that meet a condition; done when the statement ends. #}
{% macro set_to_null(relation, columns, condition) -%}
    {{ return(adapter.dispatch('set_to_null')(relation, columns, condition)) }}
{%- endmacro %}

{% macro duckdb__set_to_null(relation, columns, condition) -%}
    update {{ relation }} set {{ columns | join(' = null, ') }} = null where {{ condition }}
{%- endmacro %}

{% macro clickhouse__set_to_null(relation, columns, condition) -%}
    alter table {{ relation }} update {{ columns | join(' = null, ') }} = null where {{ condition }} settings mutations_sync = 2
{%- endmacro %}
