{#
    The versions of a table's row while it existed: a deletion ends a version, and a row that comes back begins another.
    The first version has no lower bound, because events precede the first delivery.
#}
{% macro versions_until_deleted(staging, key, attributes, restated=[]) -%}
    with changes as (
        {{ change_observations(staging, key, attributes + restated) | indent(8) }}
    ),

    states as (
        {{ versions_of('changes', key, attributes + ['is_deleted'], restated, is_snapshot=false) | indent(8) }}
    ),

    versions as (
        select
            states.version_id,
            states.{{ key }} as {{ key }},
            {%- for column in attributes + restated %}
            states.{{ column }},
            {%- endfor %}
            row_number() over (partition by states.{{ key }} order by states.version_number) as version_number,
            case
                when row_number() over (partition by states.{{ key }} order by states.version_number) = 1
                    then {{ beginning_of_time() }}
                else states.valid_from
            end as valid_from,
            states.valid_to as valid_to,
            states.last_observed_at as last_observed_at,
            states._delivery_id as _delivery_id
        from states
        where not states.is_deleted
    )

    select * from versions
{%- endmacro %}
