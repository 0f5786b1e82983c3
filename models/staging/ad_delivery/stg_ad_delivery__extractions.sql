with source as (
    select * from {{ source('ad_delivery', 'extractions') }}
    where {{ is_new_delivery('ad_delivery') }}
),

extractions as (
    select
        ---------- run
        {{ cast_to('source.table_name', 'category') }} as table_name,
        {{ cast_to('source.mode', 'category') }} as mode,

        ---------- rows
        {{ cast_to('source.source_rows', 'integer') }} as source_rows,
        {{ cast_to('source.known_rows', 'integer') }} as known_rows,
        {{ cast_to('source.new_rows', 'integer') }} as new_rows,
        {{ cast_to('source.changed_rows', 'integer') }} as changed_rows,
        {{ cast_to('source.deleted_rows', 'integer') }} as deleted_rows,

        ---------- write-ahead log
        {{ cast_to('source.lag_bytes', 'integer_nullable') }} as lag_bytes,

        ---------- delivery
        {{ landed_columns('source') }}
    from source
)

select * from extractions
