{#
    The event facts of all sources that are built. Sources that are not built are left out, so that one source can be
    built alone. All sources while dbt parses the project.
#}
{% macro built_facts() -%}
    {%- set facts = [] -%}
    {%- for source in declared().values() if source.events -%}
        {%- set fact = ref(source.events) -%}
        {%- if not execute or is_there(fact) -%} {%- do facts.append(fact) -%} {%- endif -%}
    {%- endfor -%}
    {{ return(facts) }}
{%- endmacro %}
