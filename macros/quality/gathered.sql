{#
    What the rules of a source found, one row per rule and key as each delivery adds it: the shared rules that are given (calls of
    rule_* macros), and the source's own rules of the group (models/quality/<source>/rules/). A group is a table because its rules
    cost alike: records looks at one record or file, events across deliveries and sources, levels at aggregates.
#}
{% macro gathered_findings(group, shared=[]) -%}
    {{ config(
        materialized='table',
        schema='rules',
        tags=['quality'],
        contract={'enforced': false},
        query_settings={'max_ast_elements': 1000000}
    ) }}
    {%- set found = [] -%}
    {%- for findings in shared -%}
        {%- do found.append('(\n' ~ findings ~ '\n) as shared_' ~ loop.index) -%}
    {%- endfor -%}
    {%- for rule in _own_rules(group) -%}
        {%- do found.append(ref('dq_' ~ source_of_model() ~ '__' ~ rule)) -%}
    {%- endfor -%}
    {%- for relation in found %}
    select * from {{ relation }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{#
    The sources that have rules and are built, with what declared() says of each. A source that is not built is left out, so
    that one source can be built alone; before the first build, and while dbt reads the project, none is.
#}
{% macro judged_sources() -%}
    {%- set judged, built = {}, {} -%}
    {%- for source_name, source in declared().items() if source.rules -%}
        {%- set needed = [ref(source.events)] if source.events else [] -%}
        {%- for group in source.rules -%} {%- do needed.append(ref('dq_' ~ source_name ~ '_' ~ group)) -%} {%- endfor -%}
        {%- do judged.update({source_name: source}) -%}
        {%- set missing = [] -%}
        {%- for relation in needed if execute and not is_there(relation) -%} {%- do missing.append(relation) -%} {%- endfor -%}
        {%- if execute and not missing -%} {%- do built.update({source_name: source}) -%} {%- endif -%}
    {%- endfor -%}
    {{ return(built or judged) }}
{%- endmacro %}


{% macro _own_rules(group) -%}
    {%- set listed = declared().get(source_of_model(), {}).get('rules', {}) -%}
    {%- if group not in listed -%} {%- do out_of_date(model.name) -%} {%- endif -%}
    {{ return(listed[group]) }}
{%- endmacro %}

{% macro out_of_date(what) -%}
    {% do exceptions.raise_compiler_error('macros/project/declared.sql does not list ' ~ what ~ ' as it is: run python -m tools.generated') %}
{%- endmacro %}
