{#
    Rules about records and files depend on one delivery only, so each delivery is judged once, and its findings stay.
    Besides findings, the table of such a group has a mark for each judged delivery and staging model: a row without a
    rule, with the model as its key and the state of the rules as its evidence. A delivery is judged again when a
    staging model has more of it. All deliveries are judged again when the code of the rules changes.
#}
{% macro judged_columns() -%}
    {{ return([
        'rule_id', 'finding_key', 'event_date', 'observed', 'expected', 'record_count', 'impact_amount', 'evidence',
        'first_delivery_id', 'last_delivery_id',
    ]) }}
{%- endmacro %}

{% macro is_finding() -%} rule_id <> '' {%- endmacro %}


{# The deliveries in the staging models that have to be judged; none where the table is rebuilt, which judges all. #}
{% macro deliveries_to_judge(staged, rules) -%}
    {%- if not execute or not is_incremental() -%} {{ return(none) }} {%- endif -%}
    {%- set query -%}
        select distinct staged.delivery_id
        from (
            {%- for node in staged %}
            select distinct
                {{ cast_to("'" ~ node.name ~ "'", 'text') }} as staging_model,
                {{ cast_to('_delivery_id', 'text') }} as delivery_id
            from {{ node.relation_name }}
            {{ 'union all' if not loop.last }}
            {%- endfor %}
        ) as staged
        left join (
            select
                finding_key,
                evidence,
                {{ cast_to('_delivery_id', 'text') }} as delivery_id
            from {{ this }}
            where not {{ is_finding() }}
        ) as marks
            on
                staged.staging_model = marks.finding_key
                and staged.delivery_id = marks.delivery_id
        where marks.evidence is distinct from '{{ rules }}'
    {%- endset -%}
    {{ return(run_query(query).columns[0].values() | reject('in', retractions()) | list) }}
{%- endmacro %}


{#
    Limits what the rules of a model read of a staging model to the deliveries that have to be judged. A rule that
    compares the files of a delivery, or counts its keys, then reads no others. Without this limit the rows are the
    same, but cost more.
#}
{% macro judged(staged) -%}
    {%- set deliveries = deliveries_to_judge(staging_models_read(), rules_as_they_are()) -%}
    {%- if deliveries is none -%} {{ return(staged) }} {%- endif -%}
    {{ return('(select * from ' ~ staged ~ ' where ' ~ in_list('_delivery_id', deliveries) ~ ')') }}
{%- endmacro %}


{% macro marks_of_judged(staged, deliveries, rules) -%}
    {%- for node in staged %}
    select distinct
        {{ cast_to("''", 'text') }} as rule_id,
        {{ cast_to("'" ~ node.name ~ "'", 'text') }} as finding_key,
        {{ cast_to('null', 'date_nullable') }} as event_date,
        {{ cast_to('null', 'text_nullable') }} as observed,
        {{ cast_to('null', 'text_nullable') }} as expected,
        {{ cast_to('0', 'integer') }} as record_count,
        {{ cast_to('null', 'money_nullable') }} as impact_amount,
        {{ cast_to("'" ~ rules ~ "'", 'text') }} as evidence,
        {{ cast_to('_delivery_id', 'text') }} as first_delivery_id,
        {{ cast_to('_delivery_id', 'text') }} as last_delivery_id
    from {{ node.relation_name }}
    where {{ 'true' if deliveries is none else in_list('_delivery_id', deliveries) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{#
    The staging models that the rules of a model read, directly or through views and rules. They may read nothing else,
    because a delivery is not judged again when another delivery brings more. A seed changes with the code.
#}
{% macro staging_models_read() -%}
    {%- set staged, reads = {}, model.depends_on.nodes | list -%}
    {%- for read in reads if execute -%} {# grows while it is read #}
        {%- set node = graph.nodes[read] -%}
        {%- if node.resource_type == 'seed' -%}
        {%- elif node.config.materialized in ('view', 'ephemeral') -%}
            {%- do reads.extend(node.depends_on.nodes) -%}
        {%- elif node.name.startswith('stg_') -%}
            {%- do staged.update({node.name: node}) -%}
        {%- else -%}
            {% do exceptions.raise_compiler_error(
                model.name ~ ' reads ' ~ node.name ~ ', which follows from several deliveries: its rules judge one delivery, by '
                ~ 'staging models alone. Give the rule that reads it another scope than row or file'
            ) %}
        {%- endif -%}
    {%- endfor -%}
    {{ return(staged.values() | list) }}
{%- endmacro %}


{# The code of a model's rules, as one text that changes with it. #}
{% macro rules_as_they_are() -%}
    {{ return(code_of(model.unique_id) if execute else '') }}
{%- endmacro %}


{# The rules that judge an amount: a later record without an amount leaves the amount and its findings unchanged. #}
{% macro rules_of_amounts() -%}
    {%- set rules = [] -%}
    {%- for node in (graph.nodes.values() if execute else []) if node.resource_type == 'model' and node.config.meta.get('judges') == 'amount' -%}
        {%- do rules.append(node.name | replace('dq_', '', 1)) -%}
    {%- endfor -%}
    {{ return(rules | sort) }}
{%- endmacro %}

{# The column of a fact that names the delivery of its amount; null where it has none. #}
{% macro delivery_of_amount(fact) -%}
    {%- for node in (graph.nodes.values() if execute else []) if node.resource_type == 'model' and node.name == fact -%}
        {%- for column in node.columns if column.endswith('_delivery_id') and column[:-12] in node.columns -%}
            {{ return('events.' ~ column) }}
        {%- endfor -%}
    {%- endfor -%}
    {{ return('null') }}
{%- endmacro %}
