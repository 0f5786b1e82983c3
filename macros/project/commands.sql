{#
    dbt run leaves out snapshots and seeds: dimensions would keep their old values, and the command would still succeed.
    A selection by name is deliberate, and allowed.
#}
{% macro refuse_run_of_everything() -%}
    {%- if execute and flags.WHICH == 'run' and not (invocation_args_dict.select or invocation_args_dict.selector) -%}
        {% do exceptions.raise_compiler_error(
            'dbt run leaves out seeds and snapshots, and dimensions would keep old values: use dbt build'
        ) %}
    {%- endif -%}
{%- endmacro %}
