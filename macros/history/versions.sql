{#
    The versions of a dimension, derived from all observations of a key: a version begins with the first observation
    whose attributes differ from those of the observation before, and ends where the next begins. So neither the order
    in which deliveries arrive nor the number of builds matters, and ranges neither overlap nor leave gaps. The first
    version has no lower bound, because events precede the first delivery of their dimension. A key that is missing from
    a delivery keeps its version. Of two observations of the same time the later one, by delivery and row, counts.
    Restated columns begin no version; a version shows the greatest value seen.
#}
{% macro versions_of(observations, key, attributes, restated=[], is_snapshot=true) -%}
    with observed as (
        select
            *,
            {{ fingerprint_of(attributes) }} as fingerprint
        from {{ observations }}
        {% if is_snapshot -%}
        where
            dbt_valid_to is null
            and {{ is_counted() }}
        {% endif -%}
        qualify row_number() over (partition by {{ key }}, _delivered_at order by _delivery_id desc, _source_row desc) = 1
    ),

    compared as (
        select
            *,
            lag({{ cast_to('fingerprint', 'text_nullable') }})
                over (partition by {{ key }} order by _delivered_at) as previous_fingerprint
        from observed
    ),

    numbered as (
        select
            *,
            sum(case when fingerprint is distinct from previous_fingerprint then 1 else 0 end)
                over (partition by {{ key }} order by _delivered_at) as version_number
        from compared
    ),

    seen as (
        select
            numbered.*,
            {% for column in restated -%}
            max(numbered.{{ column }}) over (partition by {{ key }}, version_number) as latest_{{ column }},
            {% endfor -%}
            max(numbered._delivered_at) over (partition by {{ key }}, version_number) as last_observed_at
        from numbered
    ),

    versions as (
        select
            {{ key }},
            {% for column in attributes -%}
            {{ column }},
            {% endfor -%}
            {% for column in restated -%}
            latest_{{ column }} as {{ column }},
            {% endfor -%}
            {{ md5_text('observation_id') }} as version_id,
            version_number,
            case when version_number = 1 then {{ beginning_of_time() }} else _delivered_at end as valid_from,
            lead({{ cast_to('_delivered_at', 'timestamp_nullable') }})
                over (partition by {{ key }} order by version_number) as valid_to,
            last_observed_at,
            _delivery_id
        from seen
        where fingerprint is distinct from previous_fingerprint
    )

    select * from versions
{%- endmacro %}


{# The earliest time that parse_timestamp reads. #}
{% macro beginning_of_time() -%}
    {{ cast_to("'1900-01-01 00:00:00'", 'timestamp') }}
{%- endmacro %}


{#
    Equal only for equal rows: it has each value with its length, and NULL differs from every text. Only for comparison,
    never published.
#}
{% macro fingerprint_of(columns) -%}
    {%- set parts = [] -%}
    {%- for column in columns -%}
        {%- set text = cast_to(column, 'text_nullable') -%}
        {%- do parts.append("coalesce(" ~ cast_to("length(" ~ text ~ ")", 'text_nullable') ~ " || ':' || " ~ text ~ ", '~')") -%}
    {%- endfor -%}
    {{ md5_text(parts | join(' || ')) }}
{%- endmacro %}
