{#
    The pairs of values of two columns that rarely occur together although both values are frequent: fewer records than
    a share (var dq_pair_share) of the number expected from the row and column totals, where that number is large enough
    to tell (var dq_pair_expected). One row per pair: both values, pair_count, row_count, column_count and
    expected_count.
#}
{% macro pairs_out_of_line(relation, row, column) -%}
    select
        {{ row }},
        {{ column }},
        pair_count,
        row_count,
        column_count,
        {{ share_of(cast_to('row_count', 'money'), 'column_count', 'all_count') }} as expected_count
    from (
        select
            *,
            {{ cast_to('sum(pair_count) over (partition by ' ~ row ~ ')', 'integer') }} as row_count,
            {{ cast_to('sum(pair_count) over (partition by ' ~ column ~ ')', 'integer') }} as column_count,
            {{ cast_to('sum(pair_count) over ()', 'integer') }} as all_count
        from (
            select
                {{ row }},
                {{ column }},
                {{ cast_to('count(*)', 'integer') }} as pair_count
            from {{ relation }}
            where
                {{ row }} is not null
                and {{ column }} is not null
            group by {{ row }}, {{ column }}
        ) as pairs
    ) as table_of_pairs
    where
        {{ to_double('row_count') }} * {{ to_double('column_count') }} >= {{ var('dq_pair_expected') }} * {{ to_double('all_count') }}
        and {{ to_double('pair_count') }} * {{ to_double('all_count') }}
        < {{ to_double(var('dq_pair_share')) }} * {{ to_double('row_count') }} * {{ to_double('column_count') }}
{%- endmacro %}


{# The records of a relation with such a pair of values, and the counts of the pair. #}
{% macro records_of_pairs_out_of_line(relation, row, column) -%}
    select
        records.event_id as event_id,
        records.event_date as event_date,
        records.{{ row }} as {{ row }},
        records.{{ column }} as {{ column }},
        records._delivery_id as _delivery_id,
        records._source_file as _source_file,
        records._source_row as _source_row,
        pairs.pair_count as pair_count,
        pairs.row_count as row_count,
        pairs.column_count as column_count,
        pairs.expected_count as expected_count
    from {{ relation }} as records
    inner join (
        {{ pairs_out_of_line(relation, row, column) | indent(8) }}
    ) as pairs
        on
            records.{{ row }} = pairs.{{ row }}
            and records.{{ column }} = pairs.{{ column }}
{%- endmacro %}


{# The findings of a rule about such pairs, from the facts of a source. #}
{% macro findings_of_pairs(relation, row, column) -%}
with out_of_line as (
    {{ records_of_pairs_out_of_line(relation, row, column) | indent(4) }}
)

{{ findings_of_records(
    'out_of_line', observed=row ~ " || ' with ' || " ~ column,
    expected="'none, or about ' || " ~ number_text('round(expected_count, 0)') ~ " || ' records'",
    numbers=['pair_count', 'row_count', 'column_count', 'expected_count'], texts=[row, column]
) }}
{%- endmacro %}
