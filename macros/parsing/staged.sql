{#
    A staging model from the declaration of its table: each column by its type (docs/landing.md), under its name in
    staging, with the original text of parsed columns as <column>_as_delivered. A table with a day contains events:
    event_at, event_date, timestamp_as_delivered, why a record is set aside, and which columns were delivered in another
    spelling.
#}
{% macro staged_records(source_name, table) -%}
    {%- set columns, declared = staged_columns(source_name, table), declared_table(source_name, table) -%}
with source as (
    select * from {{ source(source_name, table) }}
    where {{ is_new_delivery(source_name, makes=_names_of_staged(columns, declared)) }}
),

records as (
    select
        {%- for column in columns %}
        {{ cast_to(column.value, column.kind) }} as {{ column.name }},
        {%- endfor %}
        {%- if declared.day %}
        {{ _respelled_columns(columns) }} as respelled,
        {%- endif %}
        {%- if declared.is_database %}
        {{ change_columns('source') }},
        {%- endif %}
        {%- if declared.is_stream %}
        {{ message_columns('source') }},
        {%- endif %}
        {{ landed_columns('source') }}
    from source
),

{% if declared.day -%}
staged as (
    select
        records.*,
        {%- if columns | selectattr('name', 'equalto', 'event_at') | list %}
        {{ cast_to('records.event_at', 'date_nullable') }} as event_date,
        {%- endif %}
        {{ _set_aside_reason(columns) }} as set_aside_reason
    from records
)
{%- else -%}
staged as (
    select * from records
)
{%- endif %}

select * from staged
{%- endmacro %}


{% macro _names_of_staged(columns, declared) -%}
    {%- set names = columns | map(attribute='name') | list + landed_column_names() -%}
    {%- if declared.is_database -%} {%- set names = names + ['operation', 'changed_at'] -%} {%- endif -%}
    {%- if declared.is_stream -%} {%- set names = names + message_column_names() -%} {%- endif -%}
    {%- if declared.day -%} {%- set names = names + ['respelled', 'event_date', 'set_aside_reason'] -%} {%- endif -%}
    {{ return(names | unique | list) }}
{%- endmacro %}


{#
    What the declaration says about a table: config.meta, is_database, is_stream, and columns by name. Empty while dbt
    parses the project.
#}
{% macro declared_table(source_name, table) -%}
    {%- if not execute -%} {{ return({'columns': {}}) }} {%- endif -%}
    {%- set node = graph.sources['source.' ~ project_name ~ '.' ~ source_name ~ '.' ~ table] -%}
    {%- set kind = node.config.meta.kind -%}
    {{ return(dict(node.config.meta, is_database=kind == 'postgres', is_stream=kind == 'stream', columns=node.columns)) }}
{%- endmacro %}


{#
    The columns of a table in staging: name, value (an expression over `source`) and kind of sql_type(). Declared
    columns also have `column` (their name in the declaration), `delivered` (what landed), type, is_key and is_day.
#}
{% macro staged_columns(source_name, table) -%}
    {%- set declared = declared_table(source_name, table) -%}
    {%- set staged = [] -%}
    {%- for column in declared.columns.values() if not (declared.is_database and column.name in ('operation', 'changed_at')) -%}
        {%- set meta = column.config.meta -%}
        {%- set delivered = 'source.' ~ adapter.quote(column.name) -%}
        {%- set type = meta.type or {'bigint': 'integer', 'timestamp': 'timestamp'}[column.data_type] -%}
        {%- set is_day = column.name == declared.day -%}
        {%- set name = ('event_at' if type == 'timestamp' else 'event_date') if is_day else meta.as or column.name -%}
        {%- if not type -%}
            {% do exceptions.raise_compiler_error(
                'models/staging/' ~ source_name ~ '/_' ~ source_name ~ '__sources.yml: ' ~ table ~ '.' ~ column.name
                ~ ' says no type under config.meta, so staged_records cannot make a column of it'
            ) %}
        {%- endif -%}
        {%- set value, kind = (delivered, kind_of(type)) if column.data_type else typed_value(type, delivered) -%}
        {%- set is_key = column.name == declared.key -%}
        {%- do staged.append({
            'column': column.name, 'name': name, 'value': value, 'type': type, 'delivered': delivered, 'is_key': is_key, 'is_day': is_day,
            'kind': kind | replace('_nullable', '') if is_key and declared.is_database else kind,
        }) -%}
        {%- if not column.data_type and type in ('money', 'number', 'integer', 'boolean', 'date', 'timestamp')
            and meta.get('as_delivered', true) -%}
            {%- set kept_as = name ~ '_as_delivered' if meta.get('as_delivered', true) is true else meta.as_delivered -%}
            {%- do staged.append({
                'name': 'timestamp_as_delivered' if is_day else kept_as, 'value': clean_text(delivered), 'kind': 'text_nullable',
            }) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(staged) }}
{%- endmacro %}


{#
    A text as a value of a declared type, and the kind of sql_type() that holds it. NULL where the text is not such a
    value.
#}
{% macro typed_value(type, text) -%}
    {%- set cleaned = clean_text(text) -%}
    {%- if type == 'exact' -%} {%- set value = text -%}
    {%- elif type in ('text', 'category') -%} {%- set value = cleaned -%}
    {%- elif type == 'id' -%} {%- set value = clean_id(text) -%}
    {%- elif type == 'lower' -%} {%- set value = lower_text(cleaned) -%}
    {%- elif type == 'upper' -%} {%- set value = upper_text(cleaned) -%}
    {%- elif type == 'lower_list' -%} {%- set value = lower_text(clean_list(text)) -%}
    {%- elif type == 'upper_list' -%} {%- set value = upper_text(clean_list(text)) -%}
    {%- elif type == 'money' -%} {%- set value = parse_amount(text) -%}
    {%- elif type == 'number' -%} {%- set value = parse_decimal(cleaned) -%}
    {%- elif type == 'integer' -%} {%- set value = parse_integer(cleaned) -%}
    {%- elif type == 'boolean' -%} {%- set value = parse_boolean(text) -%}
    {%- elif type == 'date' -%}
        {%- set value = parse_date(cleaned, has_month_first(cleaned, 'source._delivery_id, source._source_file')) -%}
    {%- elif type == 'timestamp' -%} {%- set value = parse_timestamp(cleaned) -%}
    {%- else -%} {% do exceptions.raise_compiler_error(type ~ ' is no type of a declaration: see docs/landing.md') %}
    {%- endif -%}
    {{ return((value, kind_of(type))) }}
{%- endmacro %}

{% macro kind_of(type) -%}
    {%- set kinds = {'number': 'money', 'money': 'money', 'integer': 'integer', 'boolean': 'boolean', 'date': 'date',
        'timestamp': 'timestamp', 'category': 'category'} -%}
    {{ return(kinds.get(type, 'text') ~ '_nullable') }}
{%- endmacro %}


{# The first reason why a record cannot become an event; NULL where none applies. #}
{% macro _set_aside_reason(columns) -%}
    {%- set reasons = [] -%}
    {%- for column in columns if column.is_key -%}
        {%- do reasons.append('when records.' ~ column.name ~ " is null then 'missing_" ~ column.name ~ "'") -%}
    {%- endfor -%}
    {%- for column in columns if column.is_day -%}
        {%- do reasons.append('when records.' ~ column.name ~ " is null then 'unparsable_timestamp'") -%}
    {%- endfor -%}
    {{ cast_to('case ' ~ reasons | join(' ') ~ ' end', 'category_nullable') }}
{%- endmacro %}

{% macro _respelled_columns(columns) -%}
    {%- set spelled = {} -%}
    {%- for column in columns if column.type in ('id', 'lower', 'upper') -%}
        {%- set cleaned = typed_value('lower' if column.type == 'id' else column.type, column.delivered)[0] -%}
        {%- do spelled.update({column.name: (column.delivered, cleaned)}) -%}
    {%- endfor -%}
    {{ cast_to(respelled(spelled) if spelled else 'null', 'category_nullable') }}
{%- endmacro %}
