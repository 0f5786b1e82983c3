{#
    The columns that every rule has, from the relation of what it found. Title, reason and severity of the rule stand in the seed
    dq_rules, under the name of the model without dq_. A finding is one key of a rule; where several records carry it,
    fct_dq_findings keeps the latest.

    key        what is at fault: an event, a file and row, a cell; unique among what a delivery adds
    day        event_date of it, where it has one
    observed   what is there, and expected: what the rule expects, as texts
    records    how many records are behind it
    impact     US dollars that depend on it; none where no money is touched
    numbers, texts: columns of the evidence; first, last: the deliveries that brought the records behind it
#}
{% macro findings(
    violations, key, day=none, observed=none, expected=none, records='1', impact=none, numbers=[], texts=[],
    first='_delivery_id', last='_delivery_id'
) -%}
    select
        rules.rule_id as rule_id,
        rules.source as source,
        rules.entity as entity,
        rules.scope as scope,
        rules.severity as severity,
        {{ cast_to(key, 'text') }} as finding_key,
        {{ cast_to(day or 'null', 'date_nullable') }} as event_date,
        {{ cast_to(observed or 'null', 'text_nullable') }} as observed,
        {{ cast_to(expected or 'null', 'text_nullable') }} as expected,
        {{ cast_to(records, 'integer') }} as record_count,
        {{ cast_to(impact or 'null', 'money_nullable') }} as impact_usd,
        {{ cast_to(json_object(numbers, texts), 'text') }} as evidence,
        {{ cast_to(first, 'text') }} as first_delivery_id,
        {{ cast_to(last, 'text') }} as last_delivery_id
    from {{ violations }}
    cross join (
        select * from {{ ref('dq_rules') }}
        where rule_id = '{{ model.name | replace('dq_', '', 1) }}'
    ) as rules
{%- endmacro %}


{# The evidence of a finding about one record says where the record stands. #}
{% macro findings_of_records(violations, key='event_id', day='event_date', observed=none, expected=none, impact=none, numbers=[], texts=[]) -%}
    {{ findings(
        violations, key=key, day=day, observed=observed, expected=expected, impact=impact,
        numbers=['_source_row'] + numbers, texts=['_source_file'] + texts
    ) }}
{%- endmacro %}


{# The key of a record without an id: its place in what was delivered. #}
{% macro place_of_record() -%}
    _delivery_id || '/' || _source_file || '#' || {{ cast_to('_source_row', 'text') }}
{%- endmacro %}
