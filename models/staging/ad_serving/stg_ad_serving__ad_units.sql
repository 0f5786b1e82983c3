with source as (
    select * from {{ source('ad_serving', 'ad_units') }}
    where {{ is_new_delivery('ad_serving') }}
),

ad_units as (
    select
        ---------- ids
        {{ cast_to(clean_id('source.ad_unit_id'), 'text_nullable') }} as ad_unit_id,
        {{ cast_to(clean_id('source.publisher_id'), 'text_nullable') }} as publisher_id,

        ---------- attributes
        {{ cast_to(clean_text('source.ad_unit_name'), 'text_nullable') }} as ad_unit_name,
        {{ cast_to(clean_text('source.ad_format'), 'text_nullable') }} as ad_format,
        {{ cast_to(lower_text(clean_text('source.ad_size')), 'text_nullable') }} as ad_size,
        {{ cast_to(lower_text(clean_text('source.placement_type')), 'text_nullable') }} as placement_type,
        {{ cast_to(parse_boolean('source.is_active'), 'boolean_nullable') }} as is_active,

        ---------- timestamps
        {{ cast_to(parse_timestamp(clean_text('source.created_at')), 'timestamp_nullable') }} as created_at,

        ---------- delivery
        {{ landed_columns('source') }}
    from source
)

select * from ad_units
