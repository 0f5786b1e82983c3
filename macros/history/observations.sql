{#
    What each delivery said about each key of a dimension: one row per key and delivery, its last record there.
    Snapshots keep these rows (snapshots/), so history survives the pruning of the landing zone.
#}
{% macro observations_of(staging, key) -%}
    select
        *,
        {{ key }} || '@' || _delivery_id as observation_id
    from {{ staging }}
    where {{ key }} is not null
    qualify row_number() over (partition by {{ key }}, _delivery_id order by {{ latest_first() }}) = 1
{%- endmacro %}
