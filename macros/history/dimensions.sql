{#
    A dimension and its history take their columns from YAML: a column that is neither the key nor a version column is
    an attribute. A column with `restated` in its config.meta begins no version; a version shows its greatest value.

    The history is built from a snapshot of observations or, of_changes, from staged records of changes to the rows of a
    table, where a deletion ends a version.
#}
{% macro dimension_history(observed, key, of_changes=false) -%}
    {%- set attributes = attributes_of(model, key) -%}
    {%- set restated = restated_columns(model) -%}
    with versions as (
        {% if of_changes -%}
        {{ versions_until_deleted(observed, key, attributes, restated) | indent(8) }}
        {%- else -%}
        {{ versions_of(observed, key, attributes, restated) | indent(8) }}
        {%- endif %}
    ),

    final as (
        select
            {{ cast_to('version_id', 'text') }} as {{ version_id_of(key) }},
            {{ cast_as_declared(key) }} as {{ key }},
            {% for column in attributes + restated -%}
            {{ column }},
            {% endfor -%}
            {{ version_columns() }}
        from versions
    )

    select * from final
{%- endmacro %}


{#
    The current version of each key. With the columns is_deleted and deleted_at it has deleted keys too, each with its
    last version.
#}
{% macro dimension(history) -%}
    {%- set columns = model.columns.keys() | list if execute else ['*'] -%}
    {%- set with_deleted = 'is_deleted' in columns -%}
    with versions as (
        select * from {{ history }}
        {% if with_deleted -%}
        qualify row_number() over (partition by {{ model.config.meta.grain | join(', ') }} order by version_number desc) = 1
        {%- else -%}
        where is_current
        {%- endif %}
    ),

    final as (
        select
            {% for column in columns -%}
            {%- if column == 'is_deleted' -%} {{ cast_to('not is_current', 'boolean') }} as is_deleted
            {%- elif column == 'deleted_at' -%} valid_to as deleted_at
            {%- else -%} {{ column }}
            {%- endif -%}
            {{ ',' if not loop.last }}
            {% endfor %}
        from versions
    )

    select * from final
{%- endmacro %}


{# The attributes of a dimension or a history, from the YAML of its node, which dbt knows when it compiles a model. #}
{% macro attributes_of(node, key) -%}
    {%- set others = version_column_names() + restated_columns(node) + [key, version_id_of(key)] -%}
    {{ return(node.columns.keys() | reject('in', others) | list if execute else []) }}
{%- endmacro %}

{% macro restated_columns(node) -%}
    {%- set names = [] -%}
    {%- for column in node.columns.values() if execute and column.config.meta.restated -%}
        {%- do names.append(column.name) -%}
    {%- endfor -%}
    {{ return(names) }}
{%- endmacro %}

{% macro version_id_of(key) -%}
    {{ return((key[:-3] if key.endswith('_id') else key) ~ '_version_id') }}
{%- endmacro %}

{% macro cast_as_declared(column) -%}
    cast({{ column }} as {{ engine_type(model.columns[column].data_type) if execute else 'text' }})
{%- endmacro %}


{# The last columns of every dim_*_history: when a version is valid. #}
{% macro version_columns() -%}
        {{ cast_to('version_number', 'integer') }} as version_number,
        {{ cast_to('valid_from', 'timestamp') }} as valid_from,
        valid_to,
        {{ cast_to('valid_to is null', 'boolean') }} as is_current,
        {{ cast_to('last_observed_at', 'timestamp') }} as last_observed_at,
        {{ cast_to('_delivery_id', 'text') }} as _delivery_id
{%- endmacro %}

{% macro version_column_names() -%}
    {{ return(['version_number', 'valid_from', 'valid_to', 'is_current', 'last_observed_at', '_delivery_id']) }}
{%- endmacro %}
