with source as (
    select * from {{ source('ad_delivery', 'advertiser') }}
    where {{ is_new_delivery('ad_delivery') }}
),

advertisers as (
    select
        ---------- ids
        {{ cast_to('source.id', 'integer') }} as advertiser_id,

        ---------- attributes
        {{ cast_to('source.name', 'text_nullable') }} as advertiser_name,

        ---------- timestamps
        {{ cast_to('source.updated_at', 'timestamp_nullable') }} as updated_at,
        {{ cast_to('source.created_at', 'timestamp_nullable') }} as created_at,

        ---------- change
        {{ change_columns('source') }},

        ---------- delivery
        {{ landed_columns('source') }}
    from source
)

select * from advertisers
