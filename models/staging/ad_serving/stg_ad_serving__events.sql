with source as (
    select * from {{ source('ad_serving', 'events') }}
    where {{ is_new_delivery('ad_serving') }}
),

cleaned as (
    select
        source.*,
        {{ lower_text(clean_text('source.event_id')) }} as event_key,
        {{ lower_text(clean_text('source.event_type')) }} as type_text,
        {{ lower_text(clean_text('source.ad_unit_id')) }} as ad_unit_text,
        {{ lower_text(clean_text('source.device_type')) }} as device_text,
        {{ unquoted('source.browser') }} as browser_text,
        {{ clean_text('source."timestamp"') }} as timestamp_text,
        {{ clean_text('source.revenue_usd') }} as revenue_text
    from source
),

placed as (
    select
        cleaned.*,
        {{ either('cleaned.country_code', 'cleaned.geo', 'country') }} as country_text,
        {{ either('cleaned.region', 'cleaned.geo', 'region') }} as region_text,
        {{ either('cleaned.city', 'cleaned.geo', 'city') }} as city_text
    from cleaned
),

parsed as (
    select
        placed.*,
        {{ upper_text(clean_text('placed.country_text')) }} as country,
        {{ parse_timestamp('placed.timestamp_text') }} as happened_at,
        {{ parse_decimal('placed.revenue_text') }} as revenue
    from placed
),

events as (
    select
        ---------- ids
        {{ cast_to('parsed.event_key', 'text_nullable') }} as event_id,
        {{ cast_to('parsed.type_text', 'category_nullable') }} as event_type,
        {{ cast_to(clean_id('parsed.publisher_id'), 'category_nullable') }} as publisher_id,
        {{ cast_to(whole_number_text('parsed.ad_unit_text'), 'category_nullable') }} as ad_unit_id,
        {{ cast_to(clean_id('parsed.campaign_id'), 'category_nullable') }} as campaign_id,
        {{ cast_to(clean_id('parsed.advertiser_id'), 'category_nullable') }} as advertiser_id,

        ---------- who and where
        {{ cast_to('parsed.device_text', 'category_nullable') }} as device_type,
        {{ cast_to('parsed.browser_text', 'category_nullable') }} as browser,
        {{ cast_to(lower_text(clean_text('parsed.site_domain')), 'category_nullable') }} as site_domain,
        {{ cast_to('parsed.country', 'category_nullable') }} as country_code,
        {{ cast_to(upper_text(clean_text('parsed.region_text')), 'category_nullable') }} as region,
        {{ cast_to(clean_text('parsed.city_text'), 'category_nullable') }} as city,

        ---------- money and numbers
        {{ cast_to('parsed.revenue', 'money_nullable') }} as revenue_usd,
        {{ cast_to(parse_decimal(clean_text('parsed.bid_floor_usd')), 'money_nullable') }} as bid_floor_usd,
        {{ cast_to(parse_decimal(clean_text('parsed.placement_quality_score')), 'money_nullable') }} as placement_quality_score,

        ---------- flags
        {{ cast_to(parse_boolean('parsed.is_filled'), 'boolean_nullable') }} as is_filled,
        {{ cast_to('parsed.revenue_text is not null and parsed.revenue is null', 'boolean') }} as has_unparsable_revenue,
        {{ cast_to('case when parsed.revenue is null then parsed.revenue_text end', 'text_nullable') }} as unparsable_revenue,
        {{ cast_to("case
            when parsed.event_key is null then 'missing_event_id'
            when parsed.happened_at is null then 'unparsable_timestamp'
        end", 'category_nullable') }} as set_aside_reason,
        {{ cast_to(respelled({
            'event_id': ('parsed.event_id', 'parsed.event_key'),
            'event_type': ('parsed.event_type', 'parsed.type_text'),
            'device_type': ('parsed.device_type', 'parsed.device_text'),
            'browser': ('parsed.browser', 'parsed.browser_text'),
            'country_code': ('parsed.country_text', 'parsed.country'),
            'ad_unit_id': ('parsed.ad_unit_id', 'parsed.ad_unit_text'),
        }), 'category_nullable') }} as respelled,

        ---------- timestamps
        {{ cast_to('parsed.happened_at', 'timestamp_nullable') }} as event_at,
        {{ cast_to('parsed.happened_at', 'date_nullable') }} as event_date,
        {{ cast_to('parsed.timestamp_text', 'text_nullable') }} as timestamp_as_delivered,

        ---------- delivery
        {{ landed_columns('parsed') }}
    from parsed
)

select * from events
