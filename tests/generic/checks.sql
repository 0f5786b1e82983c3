{#
    Checks every row of a model in one query: unique keys (lists of columns; NULL in a key of one column does not
    count), columns without NULL, columns with accepted values, expressions that must be true. If any check fails,
    returns one row that names the failed checks and how many rows or keys break each. Of a model that is kept by day or
    by delivery it reads what it has not passed yet, and looks for the keys of that in all rows. kept_as: the fact
    that is kept by day and of which a view has the rows; it is read by the same days, and the keys of other days are
    left to the test of the fact.
#}
{% test checks(model, unique=[], not_null=[], accepted_values={}, expressions={}, kept_as=none) %}
{%- set broken = [] -%}
{%- set untested = untested_days(kept_as) if kept_as else untested_rows() -%}
{%- set rows = 'count(*) filter (where ' -%}
{%- for columns in unique -%}
    {%- set key = columns | join(', ') -%}
    {%- set keys -%}
        (
            select count(*)
            from (
                select 1 as one
                from {{ model }}
                where
                    {{ untested.rows if kept_as and untested else rows_with_untested_keys(model, columns, untested) }}
                    {{ 'and ' ~ key ~ ' is not null' if columns | length == 1 }}
                group by {{ key }}
                having count(*) > 1
            ) as repeated
        )
    {%- endset -%}
    {%- do broken.append((key ~ ' is not unique', keys)) -%}
{%- endfor -%}
{%- for column in not_null -%}
    {%- do broken.append((column ~ ' is null', rows ~ column ~ ' is null)')) -%}
{%- endfor -%}
{%- for column, values in accepted_values.items() -%}
    {%- set literals = [] -%}
    {%- for value in values -%} {%- do literals.append(text_literal(value)) -%} {%- endfor -%}
    {%- set accepted = column ~ ' in (' ~ literals | join(', ') ~ ')' -%}
    {%- do broken.append((column ~ ' is not one of the accepted values', rows ~ 'not ' ~ accepted ~ ')')) -%}
{%- endfor -%}
{%- for name, expression in expressions.items() -%}
    {%- do broken.append((name ~ ' is not true', rows ~ 'not (' ~ expression ~ '))')) -%}
{%- endfor -%}

with counted as (
    select
        {%- for _, count in broken %}
        {{ count }} as broken_{{ loop.index }},
        {%- endfor %}
        count(*) as all_rows
    from {{ model }}
    {{ 'where ' ~ untested.rows if untested }}
),

named as (
    select
        {%- for words, _ in broken %}
        case when broken_{{ loop.index }} > 0
            then {{ text_literal(words ~ ': ') }} || {{ cast_to('broken_' ~ loop.index, 'text') }} || '; ' else '' end
        {{- ' ||' if not loop.last }}
        {%- endfor %} as broken
    from counted
)

select broken
from named
where broken <> ''
{% endtest %}
