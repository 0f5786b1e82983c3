with source as (
    select * from {{ source('consent', 'companies') }}
    where {{ is_new_delivery('consent') }}
),

companies as (
    select
        ---------- ids
        {{ cast_to(clean_id('source.public_api_key'), 'text_nullable') }} as company_id,

        ---------- attributes
        {{ cast_to(clean_text('source.industry_back'), 'text_nullable') }} as industry_back,
        {{ cast_to(clean_text('source.industry_front'), 'text_nullable') }} as industry_front,
        {{ cast_to(clean_text('source.hq_country'), 'text_nullable') }} as hq_country,

        ---------- delivery
        {{ landed_columns('source') }}
    from source
)

select * from companies
