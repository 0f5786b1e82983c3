{#
    The facts of the events of all sources that are built: those of sources that are not are left out, so that one source can be
    built alone. While dbt reads the project, all of them.
#}
{% macro built_facts() -%}
    {%- set facts = [] -%}
    {%- for source in declared().values() if source.events -%}
        {%- set fact = ref(source.events) -%}
        {%- if not execute or is_there(fact) -%} {%- do facts.append(fact) -%} {%- endif -%}
    {%- endfor -%}
    {{ return(facts) }}
{%- endmacro %}
