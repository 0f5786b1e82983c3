{# Sets columns to NULL in the rows of this table that meet a condition; done when the statement ends. #}
{% macro set_to_null(columns, condition) -%}
    {{ return(adapter.dispatch('set_to_null')(columns, condition)) }}
{%- endmacro %}

{% macro duckdb__set_to_null(columns, condition) -%}
    update {{ this }} set {{ columns | join(' = null, ') }} = null where {{ condition }}
{%- endmacro %}

{% macro clickhouse__set_to_null(columns, condition) -%}
    alter table {{ this }} update {{ columns | join(' = null, ') }} = null where {{ condition }} settings mutations_sync = 2
{%- endmacro %}
