{# The findings of a rule about events whose key no dimension knows; those without a key too, where or_none says so. #}
{% macro findings_of_orphans(events, column, dimension, or_none=false, impact=none, texts=[]) -%}
with orphans as (
    select events.*
    from {{ events }} as events
    left join {{ dimension }} as known on events.{{ column }} = known.{{ column }}
    where
        known.{{ column }} is null
        {{ 'and events.' ~ column ~ ' is not null' if not or_none }}
)

{{ findings_of_records(
    'orphans', observed=column, expected="'one of " ~ dimension.identifier ~ "'", impact=impact, texts=texts
) }}
{%- endmacro %}
