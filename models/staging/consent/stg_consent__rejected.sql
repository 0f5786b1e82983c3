with source as (
    select * from {{ source('consent', '_rejected') }}
    where {{ is_new_delivery('consent') }}
),

rejected as (
    select
        {{ cast_to('source.entity', 'text') }} as entity,
        {{ cast_to('source.reason', 'text') }} as reason,
        {{ cast_to('source.raw_text', 'text_nullable') }} as raw_text,
        {{ cast_to('source._source_file', 'text') }} as _source_file,
        {{ cast_to('source._source_row', 'integer') }} as _source_row,
        {{ cast_to('source._delivery_id', 'text') }} as _delivery_id,
        {{ cast_to('source._delivered_at', 'timestamp') }} as _delivered_at
    from source
)

select * from rejected
