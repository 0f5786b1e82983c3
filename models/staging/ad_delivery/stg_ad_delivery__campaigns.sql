with source as (
    select * from {{ source('ad_delivery', 'campaign') }}
    where {{ is_new_delivery('ad_delivery') }}
),

campaigns as (
    select
        ---------- ids
        {{ cast_to('source.id', 'integer') }} as campaign_id,
        {{ cast_to('source.advertiser_id', 'integer_nullable') }} as advertiser_id,

        ---------- attributes
        {{ cast_to('source.name', 'text_nullable') }} as campaign_name,

        ---------- money
        {{ cast_to(parse_decimal('source.bid'), 'money_nullable') }} as bid_usd,
        {{ cast_to(parse_decimal('source.budget'), 'money_nullable') }} as budget_usd,
        {{ cast_to('source.bid', 'text_nullable') }} as bid_as_delivered,
        {{ cast_to('source.budget', 'text_nullable') }} as budget_as_delivered,

        ---------- flight
        {{ cast_to(parse_date('source.start_date'), 'date_nullable') }} as start_date,
        {{ cast_to(parse_date('source.end_date'), 'date_nullable') }} as end_date,
        {{ cast_to('source.start_date', 'text_nullable') }} as start_date_as_delivered,
        {{ cast_to('source.end_date', 'text_nullable') }} as end_date_as_delivered,

        ---------- timestamps
        {{ cast_to('source.updated_at', 'timestamp_nullable') }} as updated_at,
        {{ cast_to('source.created_at', 'timestamp_nullable') }} as created_at,

        ---------- change
        {{ change_columns('source') }},

        ---------- delivery
        {{ landed_columns('source') }}
    from source
)

select * from campaigns
