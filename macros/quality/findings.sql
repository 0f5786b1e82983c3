{#
    The columns that every rule has, from the relation of its violations. The texts of a rule (title, why, severity, …)
    are in the YAML of its model, those of a shared rule in the YAML of dim_dq_rules. A finding is one key of a rule;
    where several records have the key, fct_dq_findings keeps the latest.

    key        what is at fault: an event, a file and row, a cell; unique among what a delivery adds
    day        event_date of it, where it has one
    observed   what is there, and expected: what the rule expects, as texts
    records    how many records it is about
    impact     the amount that depends on it, in the currency of its source; none where no money is touched
    numbers, texts: columns of the evidence; first, last: the deliveries that brought its records
    rule       the name of a shared rule; where none is given, the model itself is the rule
#}
{% macro findings(
    violations, key, day=none, observed=none, expected=none, records='1', impact=none, numbers=[], texts=[],
    first='_delivery_id', last='_delivery_id', rule=none
) -%}
    {%- if rule is none -%}
        {{ config(materialized='ephemeral', schema='rules', tags=['quality'], contract={'enforced': false}) }}
    {%- endif -%}
    {%- set name = source_of_model() ~ '__' ~ rule if rule else model.name | replace('dq_', '', 1) -%}
    {%- set made = [
        "'" ~ name ~ "'", key, day or 'null', observed or 'null', expected or 'null', records, impact or 'null',
        json_object(numbers, texts), first, last
    ] -%}
    select
        {%- for column, kind in finding_columns().items() %}
        {{ cast_to(made[loop.index0], kind) }} as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ violations }}
{%- endmacro %}

{# The kinds of these columns. #}
{% macro finding_columns() -%}
    {{ return({
        'rule_id': 'text',
        'finding_key': 'text',
        'event_date': 'date_nullable',
        'observed': 'text_nullable',
        'expected': 'text_nullable',
        'record_count': 'integer',
        'impact_amount': 'money_nullable',
        'evidence': 'text',
        'first_delivery_id': 'text',
        'last_delivery_id': 'text',
    }) }}
{%- endmacro %}


{# The evidence of a finding about one record includes the position of the record. #}
{% macro findings_of_records(
    violations, key='event_id', day='event_date', observed=none, expected=none, impact=none, numbers=[], texts=[], rule=none
) -%}
    {{ findings(
        violations, key=key, day=day, observed=observed, expected=expected, impact=impact,
        numbers=['_source_row'] + numbers, texts=['_source_file'] + texts, rule=rule
    ) }}
{%- endmacro %}


{# The key of a record without an id: its position in the delivery. #}
{% macro place_of_record() -%}
    _delivery_id || '/' || _source_file || '#' || {{ cast_to('_source_row', 'text') }}
{%- endmacro %}


{# The source to which a model belongs: the folder below its layer. #}
{% macro source_of_model() -%}
    {{ return(model.fqn[2]) }}
{%- endmacro %}
