{#
    By how many rows each delivery changes a table, one row per delivery: a row more for every upsert, one less for every
    record that follows an upsert of the same row. Only ids with several records need to be put in order.
#}
{% macro row_changes(staging, key) -%}
    with revised_rows as (
        select {{ key }}
        from {{ staging }}
        group by {{ key }}
        having count(*) > 1
    ),

    revisions as (
        select
            records._delivery_id as _delivery_id,
            lag({{ cast_to('records.operation', 'text_nullable') }})
                over (partition by records.{{ key }} order by records._delivery_id, records._source_row) as previous_operation
        from {{ staging }} as records
        inner join revised_rows on records.{{ key }} = revised_rows.{{ key }}
    ),

    changes as (
        select
            _delivery_id,
            {{ cast_to('count(*)', 'integer') }} as row_change
        from {{ staging }}
        where operation = 'upsert'
        group by _delivery_id
        union all
        select
            _delivery_id,
            -{{ cast_to('count(*)', 'integer') }} as row_change
        from revisions
        where previous_operation = 'upsert'
        group by _delivery_id
    )

    select
        _delivery_id,
        sum(row_change) as row_change
    from changes
    group by _delivery_id
{%- endmacro %}
