{# Rules about one file or delivery, shared by all sources. events and key are those of macros/quality/shared/records.sql. #}

{% macro rule_blank_lines(files) -%}
with files as (
    select
        *,
        _delivery_id || '/' || _source_file as file_key
    from {{ files }}
    where records_blank > 0
)

{{ findings(
    'files', rule='blank_lines', key='file_key', observed=cast_to('records_blank', 'text') ~ " || ' blank'", expected="'none'",
    records='records_blank', numbers=['records_read', 'records_blank'], texts=['_source_file']
) }}
{%- endmacro %}


{# The keys of events with several records in a delivery. They are few, and only their records are compared in full. #}
{% macro _keys_repeated_in_delivery(events, key) -%}
    select {{ key }}
    from {{ events }}
    where {{ key }} is not null
    group by {{ key }}, _delivery_id
    having count(*) > 1
{%- endmacro %}


{# In any spelling of the key. Records that are set aside count too if they have a key. #}
{% macro rule_duplicate_in_file(events, key='event_id') -%}
with repeated as (
    select
        {{ key }},
        _delivery_id,
        _source_file,
        max(event_date) as event_date,
        count(*) as records_of_event,
        min(_source_row) as first_row,
        max(_source_row) as last_row
    from {{ events }}
    where {{ key }} in ({{ _keys_repeated_in_delivery(events, key) }})
    group by {{ key }}, _delivery_id, _source_file
    having count(*) > 1
)

{{ findings(
    'repeated', rule='duplicate_in_file', key=key, day='event_date', observed=cast_to('records_of_event', 'text') ~ " || ' records'",
    expected="'1 record'", records='records_of_event', numbers=['first_row', 'last_row'], texts=['_source_file']
) }}
{%- endmacro %}


{% macro rule_event_in_two_files(events, key='event_id') -%}
with files_of_events as (
    select
        {{ key }},
        _delivery_id,
        _source_file,
        max(event_date) as day_in_file,
        count(*) as records_in_file
    from {{ events }}
    where {{ key }} in ({{ _keys_repeated_in_delivery(events, key) }})
    group by {{ key }}, _delivery_id, _source_file
),

scattered as (
    select
        {{ key }},
        _delivery_id,
        max(day_in_file) as event_date,
        count(*) as file_count,
        sum(records_in_file) as records_of_event,
        {{ ordered_text_agg(cast_to('_source_file', 'text')) }} as files
    from files_of_events
    group by {{ key }}, _delivery_id
    having count(*) > 1
)

{{ findings(
    'scattered', rule='event_in_two_files', key=key, day='event_date', observed=cast_to('file_count', 'text') ~ " || ' files'",
    expected="'1 file'", records='records_of_event', numbers=['file_count'], texts=['files']
) }}
{%- endmacro %}


{#
    Columns that are empty throughout a delivery (key: the column, with the first and last such delivery), and columns
    that one file leaves empty although most other files of its delivery and format fill them (key:
    delivery/file/column). Covers files and deliveries of at least dq_least_records records; files are compared in
    deliveries of at least dq_least_files.
#}
{% macro rule_empty_column(events, columns) -%}
with files as (
    select
        {{ cast_to('_delivery_id', 'text') }} as delivery_id,
        {{ cast_to('_source_file', 'text') }} as source_file,
        case when _source_file like '%.parquet' then 'Parquet' else 'text' end as file_format,
        {%- for column in columns %}
        count({{ column }}) as filled_{{ column }},
        {%- endfor %}
        {{ cast_to('count(*)', 'integer') }} as records
    from {{ events }}
    group by _delivery_id, _source_file
),

filled as (
    {%- for column in columns %}
    select
        delivery_id,
        source_file,
        file_format,
        records,
        '{{ column }}' as column_name,
        {{ cast_to('filled_' ~ column, 'integer') }} as filled_values
    from files
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

compared as (
    select
        *,
        sum(records) over delivery as records_of_delivery,
        sum(filled_values) over delivery as filled_of_delivery,
        {{ cast_to(
            'sum(case when records >= ' ~ var('dq_least_records') ~ ' then 1 else 0 end) over peers - 1', 'integer'
        ) }} as other_files,
        {{ cast_to(
            'sum(case when records >= ' ~ var('dq_least_records') ~ ' and 2 * filled_values > records then 1 else 0 end) over peers',
            'integer'
        ) }} as files_that_fill_it
    from filled
    window
        delivery as (partition by delivery_id, column_name),
        peers as (partition by delivery_id, file_format, column_name)
),

empty as (
    select
        column_name as empty_key,
        'delivery' as empty_place,
        column_name,
        delivery_id,
        {{ cast_to('null', 'text_nullable') }} as source_file,
        {{ cast_to('max(records_of_delivery)', 'integer') }} as empty_records,
        {{ cast_to('count(*) - 1', 'integer') }} as other_files,
        {{ cast_to('0', 'integer') }} as files_that_fill_it
    from compared
    where
        filled_of_delivery = 0
        and records_of_delivery >= {{ var('dq_least_records') }}
    group by column_name, delivery_id
    union all
    select
        delivery_id || '/' || source_file || '/' || column_name as empty_key,
        'file' as empty_place,
        column_name,
        delivery_id,
        {{ cast_to('source_file', 'text_nullable') }} as source_file,
        records as empty_records,
        other_files,
        files_that_fill_it
    from compared
    where
        filled_values = 0
        and filled_of_delivery > 0
        and records >= {{ var('dq_least_records') }}
        and other_files >= {{ var('dq_least_files') }} - 1
        and {{ to_double('files_that_fill_it') }} >= {{ to_double(var('dq_share_of_files')) }} * {{ to_double('other_files') }}
)

{{ findings(
    'empty', rule='empty_column', key='empty_key', observed="'no value in the ' || empty_place", expected="'values'",
    records='empty_records', numbers=['other_files', 'files_that_fill_it'], texts=['column_name', 'source_file'],
    first='delivery_id', last='delivery_id'
) }}
{%- endmacro %}


{#
    Columns of files or tables that the declaration of the source does not name; staged gives the staging models by
    entity.
#}
{% macro rule_unmapped_columns(staged) -%}
with named as (
    {%- for entity, relation in staged.items() %}
    select
        '{{ entity }}' as file_entity,
        {{ cast_to('_delivery_id', 'text') }} as delivery_id,
        {{ cast_to('_source_file', 'text') }} as source_file,
        {{ unnested(json_keys('_unmapped')) }} as column_name
    from {{ relation }}
    where _unmapped is not null
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

unmapped as (
    select
        file_entity,
        delivery_id,
        source_file,
        column_name,
        count(*) as records_with_it,
        delivery_id || '/' || source_file || '/' || column_name as column_key
    from named
    group by file_entity, delivery_id, source_file, column_name
)

{{ findings(
    'unmapped', rule='unmapped_columns', key='column_key', observed='column_name', expected="'a column of the declaration'",
    records='records_with_it', texts=['file_entity', 'source_file', 'column_name'], first='delivery_id', last='delivery_id'
) }}
{%- endmacro %}


{#
    Event files of which more than half is unusable: rejected, set aside, with an amount that cannot be read (unreadable
    is the condition), or, in a file without any amount, all the rest. Covers files of at least dq_least_records
    records.
#}
{% macro rule_file_unusable(files, events, entity, amount=none, unreadable='false') -%}
with contents as (
    select
        _delivery_id,
        _source_file,
        count(*) filter (where set_aside_reason is not null) as records_set_aside,
        count(*) filter (where set_aside_reason is null and {{ unreadable }}) as records_unreadable,
        count(*) filter (where set_aside_reason is null and not {{ unreadable }}) as records_readable,
        count({{ amount or '*' }}) as amounts
    from {{ events }}
    group by _delivery_id, _source_file
),

files as (
    select
        files._delivery_id as _delivery_id,
        files._source_file as _source_file,
        files.records_rejected as records_rejected,
        coalesce(contents.records_set_aside, 0) as records_set_aside,
        coalesce(contents.records_unreadable, 0) as records_with_unreadable_amount,
        case when contents.amounts = 0 then contents.records_readable else 0 end as records_without_amount,
        files.records_read - files.records_blank as records,
        files._delivery_id || '/' || files._source_file as file_key
    from {{ files }} as files
    left join contents
        on
            files._delivery_id = contents._delivery_id
            and files._source_file = contents._source_file
    where files.entity = '{{ entity }}'
),

counted as (
    select
        *,
        {{ cast_to(
            'records_rejected + records_set_aside + records_with_unreadable_amount + records_without_amount', 'integer'
        ) }} as records_unusable
    from files
    where records >= {{ var('dq_least_records') }}
),

unusable as (
    select * from counted
    where 2 * records_unusable > records
)

{{ findings(
    'unusable', rule='file_unusable', key='file_key',
    observed=cast_to('records_unusable', 'text') ~ " || ' of ' || " ~ cast_to('records', 'text') ~ " || ' unusable'",
    expected="'at most half'", records='records_unusable',
    numbers=[
        'records', 'records_rejected', 'records_set_aside', 'records_with_unreadable_amount', 'records_without_amount',
    ],
    texts=['_source_file']
) }}
{%- endmacro %}
