{# All owners that a key ever had, from all versions of its dimension: one row per key, owner_ids joined by commas. #}
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


{#
    Relations, the last of which is strangers: the ad events whose owner is none of the owners of their key, with
    owner_ids. Reads the relation owners. Each pair is judged once, and only the events of mismatched pairs are read.
    among: the known owners.
#}
{% macro strangers_to_owners(events, key, owner, among=none) -%}
    strange_pairs as (
        select
            pairs.{{ key }} as {{ key }},
            pairs.{{ owner }} as {{ owner }},
            owners.owner_ids as owner_ids
        from (
            select distinct
                {{ key }},
                {{ owner }}
            from {{ events }}
        ) as pairs
        inner join owners on pairs.{{ key }} = owners.{{ key }}
        where
            ',' || owners.owner_ids || ',' not like '%,' || pairs.{{ owner }} || ',%'
            {{ 'and pairs.' ~ owner ~ ' in (select known.' ~ owner ~ ' from ' ~ among ~ ' as known)' if among }}
    ),

    strangers as (
        select
            events.*,
            strange_pairs.owner_ids as owner_ids
        from {{ events }} as events
        inner join strange_pairs
            on
                events.{{ key }} = strange_pairs.{{ key }}
                and events.{{ owner }} = strange_pairs.{{ owner }}
    )
{%- endmacro %}
