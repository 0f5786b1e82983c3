with source as (
    select * from {{ source('ad_serving', 'campaigns') }}
    where {{ is_new_delivery('ad_serving') }}
),

campaigns as (
    select
        ---------- ids
        {{ cast_to(clean_id('source.campaign_id'), 'text_nullable') }} as campaign_id,
        {{ cast_to(clean_id('source.advertiser_id'), 'text_nullable') }} as advertiser_id,

        ---------- attributes
        {{ cast_to(clean_text('source.campaign_name'), 'text_nullable') }} as campaign_name,
        {{ cast_to(clean_text('source.advertiser_name'), 'text_nullable') }} as advertiser_name,
        {{ cast_to(lower_text(clean_text('source.status')), 'text_nullable') }} as status,
        {{ cast_to(lower_text(clean_list('source.device_targeting')), 'text_nullable') }} as device_targeting,
        {{ cast_to(upper_text(clean_list('source.country_targeting')), 'text_nullable') }} as country_targeting,

        ---------- flight and money
        {{ cast_to(parse_date(clean_text('source.start_date')), 'date_nullable') }} as start_date,
        {{ cast_to(parse_date(clean_text('source.end_date')), 'date_nullable') }} as end_date,
        {{ cast_to(parse_amount('source.budget_usd'), 'money_nullable') }} as budget_usd,

        ---------- as delivered
        {{ cast_to(clean_text('source.start_date'), 'text_nullable') }} as start_date_as_delivered,
        {{ cast_to(clean_text('source.end_date'), 'text_nullable') }} as end_date_as_delivered,
        {{ cast_to(clean_text('source.budget_usd'), 'text_nullable') }} as budget_as_delivered,

        ---------- timestamps
        {{ cast_to(parse_timestamp(clean_text('source.created_at')), 'timestamp_nullable') }} as created_at,

        ---------- delivery
        {{ landed_columns('source') }}
    from source
)

select * from campaigns
