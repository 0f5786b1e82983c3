{#
    The texts of the rules of all built sources, one row per rule. A source's own rules have them in the YAML of their
    models. Shared rules have them in the YAML of this model (meta.shared_rules); a source overrides them in the YAML of
    the model that gathers its rules (meta.rules). The owner of a source owns its shared rules, unless these texts name
    another owner.
#}
{% macro words_of_rules() -%}
    {%- set columns = ['entity', 'scope', 'title', 'why', 'severity', 'action', 'owner', 'fix'] -%}
    {%- set sources = judged_sources() -%}
    {%- set rules = known_rules() | selectattr('source', 'in', sources) | sort(attribute='rule_id') if execute else [{}] -%}
    {%- for rule in rules %}
    select
        {{ cast_to(text_literal(rule.rule_id), 'text') }} as rule_id,
        {{ cast_to(text_literal(rule.source), 'text') }} as source
        {%- for column in columns %},
        {{ cast_to(text_literal(rule[column]), 'text') }} as {{ column }}
        {%- endfor %}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{% macro known_rules() -%}
    {%- set rules = [] -%}
    {%- set own = {} -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'model' and node.package_name == project_name -%}
        {%- if node.name.startswith('dq_') and '__' in node.name -%}
            {%- set source_name, name = node.fqn[2], node.name.split('__')[1] -%}
            {%- do own.setdefault(source_name, []).append(name) -%}
            {%- do rules.append(dict(node.config.meta, rule_id=source_name ~ '__' ~ name, source=source_name)) -%}
        {%- elif node.name.startswith('dq_') -%}
            {%- for macro_id in node.depends_on.macros if '.rule_' in macro_id -%}
                {%- set source_name, name = node.fqn[2], macro_id.split('.rule_')[1] -%}
                {%- set words = dict(
                    {'owner': graph.groups['group.' ~ project_name ~ '.' ~ source_name].owner.name},
                    **graph.nodes['model.' ~ project_name ~ '.dim_dq_rules'].config.meta.shared_rules[name]
                ) -%}
                {%- do words.update(node.config.meta.get('rules', {}).get(name, {})) -%}
                {%- do rules.append(dict(words, rule_id=source_name ~ '__' ~ name, source=source_name)) -%}
            {%- endfor -%}
        {%- endif -%}
    {%- endfor -%}
    {%- do _refuse_unlisted(own) -%}
    {{ return(rules) }}
{%- endmacro %}


{% macro _refuse_unlisted(own) -%}
    {%- for source_name, names in own.items() -%}
        {%- set listed = declared().get(source_name, {}).get('rules', {}).values() | sum(start=[]) -%}
        {%- for name in names if name not in listed -%}
            {%- do out_of_date('dq_' ~ source_name ~ '__' ~ name) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- for node in graph.sources.values() if node.package_name == project_name -%}
        {%- set listed = declared().get(node.source_name, {}) -%}
        {%- for word in ['events', 'currency', 'records', 'headline'] if (listed or word == 'events') and node.config.meta.get(word) != listed.get(word) -%}
            {%- do out_of_date('the source ' ~ node.source_name) -%}
        {%- endfor -%}
    {%- endfor -%}
{%- endmacro %}
