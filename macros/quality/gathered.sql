{#
    The findings of a source's rules, one row per rule and key as each delivery adds it: the given shared rules (calls
    of rule_* macros), and the source's own rules of the group (models/quality/<source>/rules/). Each group is one table
    because its rules cost about the same: `records` checks one record or file, `events` compares deliveries and
    sources, `levels` checks aggregates. `records` keeps its findings by delivery (macros/quality/judged.sql); the
    others are rebuilt. `makes` tells the plugin the columns: to find those of twenty rules takes ClickHouse half a
    second.
#}
{% macro gathered_findings(group, shared=[]) -%}
    {%- set is_kept = group == 'records' -%}
    {%- set makes = {} -%}
    {%- for column, kind in finding_columns().items() -%} {%- do makes.update({column: sql_type(kind)}) -%} {%- endfor -%}
    {%- do makes.update({'_delivery_id': sql_type('text')}) if is_kept -%}
    {{ config(
        materialized='incremental' if is_kept else 'table',
        on_schema_change='append_new_columns',
        schema='rules',
        tags=['quality'],
        contract={'enforced': false},
        meta={'makes': makes},
        order_by='rule_id',
        query_settings={'max_ast_elements': 1000000, 'max_partitions_per_insert_block': 0},
        **(_kept_by_delivery() if is_kept else {})
    ) }}
    {%- set found = [] -%}
    {%- for findings in shared -%}
        {%- do found.append('(\n' ~ findings ~ '\n) as shared_' ~ loop.index) -%}
    {%- endfor -%}
    {%- for rule in _own_rules(group) -%}
        {%- do found.append(ref('dq_' ~ source_of_model() ~ '__' ~ rule)) -%}
    {%- endfor -%}
    {%- set staged = staging_models_read() if is_kept else [] -%}
    {%- set rules = rules_as_they_are() if is_kept else none -%}
    {%- set deliveries = deliveries_to_judge(staged, rules) if is_kept else none -%}
    {%- if deliveries == [] %}
    select * from {{ this }}
    where false
    {%- else %}
    {%- for relation in found %}
    select
        *{{ ',\n        last_delivery_id as _delivery_id' if is_kept }}
    from {{ relation }}
    {{ 'where ' ~ in_list('last_delivery_id', deliveries) if deliveries is not none }}
    {{ 'union all' if not loop.last or staged }}
    {%- endfor %}
    {%- if staged %}
    select
        *,
        last_delivery_id as _delivery_id
    from (
        {{ marks_of_judged(staged, deliveries, rules) | indent(8) }}
    ) as marks
    {%- endif %}
    {%- endif %}
{%- endmacro %}

{% macro _kept_by_delivery() -%}
    {%- set config = dict(adapter.dispatch('by_delivery_config')()) -%}
    {%- do config.pop('query_settings', none) -%}
    {%- do config.update({'post_hook': '{{ leave_out_retracted() }}'}) -%}
    {{ return(config) }}
{%- endmacro %}


{#
    The sources that have rules and are built, with the declared() entry of each. A source that is not built is left
    out, so that one source can be built alone; before the first build, and while dbt parses the project, none is left
    out.
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
