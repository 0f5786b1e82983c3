with source as (
    select * from {{ source('ad_serving', 'publishers') }}
    where {{ is_new_delivery('ad_serving') }}
),

publishers as (
    select
        ---------- ids
        {{ cast_to(clean_id('source.publisher_id'), 'text_nullable') }} as publisher_id,

        ---------- attributes
        {{ cast_to(clean_text('source.publisher_name'), 'text_nullable') }} as publisher_name,
        {{ cast_to(clean_text('source.publisher_category'), 'text_nullable') }} as publisher_category,
        {{ cast_to(lower_text(clean_text('source.primary_domain')), 'text_nullable') }} as primary_domain,
        {{ cast_to(clean_text('source.account_manager'), 'text_nullable') }} as account_manager,
        {{ cast_to(upper_text(clean_text('source.country')), 'text_nullable') }} as country_code,
        {{ cast_to(clean_text('source.timezone'), 'text_nullable') }} as timezone,

        ---------- timestamps
        {{ cast_to(parse_timestamp(clean_text('source.created_at')), 'timestamp_nullable') }} as created_at,
        {{ cast_to(parse_timestamp(clean_text('source.updated_at')), 'timestamp_nullable') }} as updated_at,

        ---------- delivery
        {{ landed_columns('source') }}
    from source
)

select * from publishers
