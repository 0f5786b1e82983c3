{# The last columns of every staging model: where the row came from. #}
{% macro landed_columns(relation) -%}
        {{ cast_to(relation ~ '._delivery_id', 'category') }} as _delivery_id,
        {{ cast_to(relation ~ '._delivered_at', 'timestamp') }} as _delivered_at,
        {{ cast_to(relation ~ '._source_file', 'category') }} as _source_file,
        {{ cast_to(relation ~ '._source_row', 'integer') }} as _source_row,
        {{ cast_to(relation ~ '._unmapped', 'text_nullable') }} as _unmapped
{%- endmacro %}


{#  The names of those columns. #}
{% macro landed_column_names() -%}
    {{ return(['_delivery_id', '_delivered_at', '_source_file', '_source_row', '_unmapped']) }}
{%- endmacro %}


{# For a stream: the position of a row's message, and when it was produced and consumed. #}
{% macro message_columns(relation) -%}
        {{ cast_to(relation ~ '._topic_id', 'category') }} as _topic_id,
        {{ cast_to(relation ~ '._partition', 'integer') }} as _partition,
        {{ _message_times(relation) }}
{%- endmacro %}

{% macro _message_times(relation) -%}
        {{ cast_to(relation ~ '._produced_at', 'timestamp_nullable') }} as _produced_at,
        {{ cast_to(relation ~ '._consumed_at', 'timestamp_nullable') }} as _consumed_at
{%- endmacro %}

{% macro message_column_names() -%}
    {{ return(['_topic_id', '_partition', '_produced_at', '_consumed_at']) }}
{%- endmacro %}


{# The order in which records of the same key replace each other: the last delivery wins, then file and row. #}
{% macro latest_first() -%}
    _delivery_id desc, _source_file desc, _source_row desc
{%- endmacro %}


{#
    A row for each landed file of a source, as the loader counted it, and one for each retraction. Files of retracted
    deliveries stay, so that their records are accounted for.
#}
{% macro landed_files(name) -%}
with source as (
    select * from {{ source(name, '_files') }}
    where {{ is_new_delivery(name, makes=[
        'entity', 'sha256', 'size_bytes', 'records_read', 'records_landed', 'records_rejected', 'records_blank',
        'retracts_delivery_id', 'retraction_reason', '_source_file', '_delivery_id', '_delivered_at',
    ], with_retracted=true) }}
),

files as (
    select
        {{ cast_to('source.entity', 'text') }} as entity,
        {{ cast_to('source.sha256', 'text') }} as sha256,
        {{ cast_to('source.size_bytes', 'integer') }} as size_bytes,
        {{ cast_to('source.records_read', 'integer') }} as records_read,
        {{ cast_to('source.records_landed', 'integer') }} as records_landed,
        {{ cast_to('source.records_rejected', 'integer') }} as records_rejected,
        {{ cast_to('source.records_blank', 'integer') }} as records_blank,
        {{ cast_to('source.retracts_delivery_id', 'text_nullable') }} as retracts_delivery_id,
        {{ cast_to('source.retraction_reason', 'text_nullable') }} as retraction_reason,
        {{ cast_to('source._source_file', 'text') }} as _source_file,
        {{ cast_to('source._delivery_id', 'text') }} as _delivery_id,
        {{ cast_to('source._delivered_at', 'timestamp') }} as _delivered_at
    from source
)

select * from files
{%- endmacro %}


{# A row for each record of a source that could not be read; for a stream with the times and the key of its message. #}
{% macro landed_rejects(name) -%}
{%- set is_stream = declared_table(name, '_rejected').is_stream -%}
{%- set of_message = ['message_key', 'fault_detail', '_produced_at', '_consumed_at'] if is_stream else [] -%}
with source as (
    select * from {{ source(name, '_rejected') }}
    where {{ is_new_delivery(name, makes=[
        'entity', 'reason', 'raw_text', '_source_file', '_source_row', '_delivery_id', '_delivered_at',
    ] + of_message) }}
),

rejected as (
    select
        {{ cast_to('source.entity', 'text') }} as entity,
        {{ cast_to('source.reason', 'text') }} as reason,
        {{ cast_to('source.raw_text', 'text_nullable') }} as raw_text,
        {%- if is_stream %}
        {{ cast_to('source._key', 'text_nullable') }} as message_key,
        {{ cast_to('source._detail', 'text_nullable') }} as fault_detail,
        {{ _message_times('source') }},
        {%- endif %}
        {{ cast_to('source._source_file', 'text') }} as _source_file,
        {{ cast_to('source._source_row', 'integer') }} as _source_row,
        {{ cast_to('source._delivery_id', 'text') }} as _delivery_id,
        {{ cast_to('source._delivered_at', 'timestamp') }} as _delivered_at
    from source
)

select * from rejected
{%- endmacro %}
