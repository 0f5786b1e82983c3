with source as (
    select * from {{ source('ad_serving', 'diagnostics') }}
    where {{ is_new_delivery('ad_serving') }}
),

diagnostics as (
    select
        ---------- ids
        {{ cast_to(lower_text(clean_text('source.event_id')), 'text_nullable') }} as event_id,
        {{ cast_to(clean_text('source.user_id_hash'), 'text_nullable') }} as user_id_hash,
        {{ cast_to(clean_text('source.bid_request_id'), 'text_nullable') }} as bid_request_id,

        ---------- client
        {{ cast_to(clean_text('source.ip_prefix'), 'text_nullable') }} as ip_prefix,
        {{ cast_to(clean_text('source.user_agent'), 'category_nullable') }} as user_agent,

        ---------- delivery
        {{ landed_columns('source') }}
    from source
)

select * from diagnostics
