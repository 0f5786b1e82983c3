{# The records that a staging model sets aside, by delivery. The YAML of the model names the columns and their kinds. #}
{% macro records_set_aside(staging) -%}
    {{ config(order_by='_source_file') }}
with records as (
    select * from {{ staging }}
    where
        set_aside_reason is not null
        and {{ is_new_in(staging, '_delivery_id') }}
),

final as (
    select
        {{ declared_columns('records') | indent(8) }}
    from records
)

select * from final
{%- endmacro %}
