{#
    The findings of a rule about events whose key is in no dimension; with or_none also those without a key. Each key is
    looked up once, not once per event.
#}
{% macro findings_of_orphans(events, column, dimension, or_none=false, impact=none, texts=[]) -%}
with unknown_keys as (
    select keys.{{ column }} as {{ column }}
    from (select distinct {{ column }} from {{ events }}) as keys
    left join {{ dimension }} as known on keys.{{ column }} = known.{{ column }}
    where
        known.{{ column }} is null
        and keys.{{ column }} is not null
),

orphans as (
    select events.*
    from {{ events }} as events
    where
        events.{{ column }} in (select unknown_keys.{{ column }} from unknown_keys)
        {{ 'or events.' ~ column ~ ' is null' if or_none }}
)

{{ findings_of_records(
    'orphans', observed=column, expected="'one of " ~ dimension.identifier ~ "'", impact=impact, texts=texts
) }}
{%- endmacro %}
