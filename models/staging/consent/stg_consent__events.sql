with source as (
    select * from {{ source('consent', 'events') }}
    where {{ is_new_delivery('consent') }}
),

parsed as (
    select
        source.*,
        {{ lower_text(clean_text('source.event_id')) }} as event_key,
        {{ clean_text('source.event_time') }} as timestamp_text,
        {{ parse_timestamp(clean_text('source.event_time')) }} as happened_at,
        {{ parse_rate(clean_text('source."rate"')) }} as stored_share,
        {{ parse_decimal(clean_text('source."count"')) }} as stands_for,
        {{ json_text('source.parameters', 'created') }} as created_text,
        {{ json_text('source.parameters', 'updated') }} as updated_text
    from source
),

events as (
    select
        ---------- ids
        {{ cast_to('parsed.event_key', 'text_nullable') }} as event_id,
        {{ cast_to(lower_text(clean_text('parsed."type"')), 'category_nullable') }} as event_type,
        {{ cast_to(clean_id('parsed.apikey'), 'category_nullable') }} as company_id,
        {{ cast_to(sha256_text(clean_text('parsed.user_id')), 'text_nullable') }} as user_key,

        ---------- sampling
        {{ cast_to('parsed.stored_share', 'weight_nullable') }} as sampling_rate,
        {{ cast_to('case when parsed.stands_for >= 1 then floor(parsed.stands_for) end', 'integer_nullable') }} as event_count,
        {{ cast_to(clean_text('parsed."count"'), 'text_nullable') }} as event_count_as_delivered,
        {{ cast_to(clean_text('parsed."rate"'), 'text_nullable') }} as sampling_rate_as_delivered,

        ---------- consent
        {{ cast_to(lower_text(clean_text('parsed.consent')), 'category_nullable') }} as consent_status,
        {{ cast_to(clean_text('parsed.parameters'), 'text_nullable') }} as parameters,

        {{ cast_to(parse_timestamp('parsed.created_text'), 'timestamp_nullable') }} as choice_created_at,
        {{ cast_to(parse_timestamp('parsed.updated_text'), 'timestamp_nullable') }} as choice_updated_at,

        ---------- who and where
        {{ cast_to(clean_text('parsed.experiment'), 'text_nullable') }} as experiment,
        {{ cast_to(lower_text(clean_text('parsed.sdk_type')), 'category_nullable') }} as sdk_type,
        {{ cast_to(lower_text(clean_text('parsed.domain')), 'category_nullable') }} as domain,
        {{ cast_to(clean_text('parsed.deployment_id'), 'category_nullable') }} as deployment_id,
        {{ cast_to(upper_text(unquoted('parsed.country')), 'category_nullable') }} as country_code,
        {{ cast_to(clean_text('parsed.country'), 'category_nullable') }} as country_as_delivered,
        {{ cast_to(upper_text(unquoted('parsed.region')), 'category_nullable') }} as region,
        {{ cast_to(clean_text('parsed.browser_family'), 'category_nullable') }} as browser_family,
        {{ cast_to(lower_text(clean_text('parsed.device_type')), 'category_nullable') }} as device_type,

        ---------- flags
        {{ cast_to("case
            when parsed.event_key is null then 'missing_event_id'
            when parsed.happened_at is null then 'unparsable_timestamp'
            when parsed.stored_share is null or parsed.stored_share < 0.000000001 or parsed.stored_share > 1 then 'unusable_rate'
        end", 'category_nullable') }} as set_aside_reason,
        {{ cast_to(respelled({
            'event_id': ('parsed.event_id', 'parsed.event_key'),
            'event_type': ('parsed."type"', lower_text(clean_text('parsed."type"'))),
            'consent_status': ('parsed.consent', lower_text(clean_text('parsed.consent'))),
            'sdk_type': ('parsed.sdk_type', lower_text(clean_text('parsed.sdk_type'))),
            'country_code': (replace_all('parsed.country', '^"(.*)"$', '\\1'), upper_text(unquoted('parsed.country'))),
            'device_type': ('parsed.device_type', lower_text(clean_text('parsed.device_type'))),
        }), 'category_nullable') }} as respelled,

        ---------- timestamps
        {{ cast_to('parsed.happened_at', 'timestamp_nullable') }} as event_at,
        {{ cast_to('parsed.happened_at', 'date_nullable') }} as event_date,
        {{ cast_to('parsed.timestamp_text', 'text_nullable') }} as timestamp_as_delivered,
        {{ cast_to(parse_timestamp(clean_text('parsed.window_start')), 'timestamp_nullable') }} as window_start,

        ---------- delivery
        {{ landed_columns('parsed') }}
    from parsed
)

select * from events
