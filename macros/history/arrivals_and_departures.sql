{#
    How records change what is current, one row per step: each record arrives with its delivery (entry 1), and departs
    (entry -1) with the delivery whose record of the same key replaces it. So the sum of entries up to a delivery gives
    what was current then, and the sum over the steps of one record tells whether it is current now. A step has the
    requested columns of the record and, as moved_by, the delivery that made it. Only keys with several records, which
    are few, are sorted. Each step names the relation, because DuckDB would keep all rows of a step that is read twice.
#}
{% macro arrivals_and_departures(records, key, columns, condition='true', in_order='_delivery_id, _source_row') -%}
    {%- set key = [key] if key is string else key -%}
    select
        {{ columns | join(',\n        ') }},
        _delivery_id as moved_by,
        {{ cast_to('1', 'integer') }} as entry
    from {{ records }}
    where {{ condition }}
    union all
    select
        {{ columns | join(',\n        ') }},
        {{ cast_to('replaced_by', 'category') }} as moved_by,
        {{ cast_to('-1', 'integer') }} as entry
    from (
        select
            *,
            lead({{ cast_to('_delivery_id', 'text_nullable') }})
                over (partition by {{ key | join(', ') }} order by {{ in_order }}) as replaced_by
        from {{ records }}
        where
            {{ condition }}
            and ({{ key | join(', ') }}) in (
                select {{ key | join(', ') }}
                from {{ records }}
                where {{ condition }}
                group by {{ key | join(', ') }}
                having count(*) > 1
            )
    ) as revisions
    where replaced_by is not null
{%- endmacro %}
