with source as (
    select * from {{ source('consent', '_files') }}
    where {{ is_new_delivery('consent') }}
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
        {{ cast_to('source._source_file', 'text') }} as _source_file,
        {{ cast_to('source._delivery_id', 'text') }} as _delivery_id,
        {{ cast_to('source._delivered_at', 'timestamp') }} as _delivered_at
    from source
)

select * from files
