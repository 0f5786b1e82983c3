{# What a key ever belonged to, by all versions of its dimension: one row per key, owner_ids by commas. #}
{% macro owners_of(history, key, owner) -%}
    select
        {{ key }},
        {{ ordered_text_agg(owner) }} as owner_ids
    from (
        select distinct
            {{ key }},
            {{ owner }}
        from {{ history }}
        where {{ owner }} is not null
    ) as known
    group by {{ key }}
{%- endmacro %}
