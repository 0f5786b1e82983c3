{{ config(post_hook=[
    "{{ erase_reviewers(['reviewer_name', 'summary', 'review_text']) }}",
    "{{ erase_reviewers(['reviewer_name', 'summary', 'review_text'], of_retracted=true) }}",
]) }}
{%- set number = '[[:space:]]*([0-9]{1,9})[[:space:]]*' %}

with source as (
    select * from {{ source('reviews', 'reviews') }}
    where {{ is_new_delivery('reviews') }}
),

parsed as (
    select
        source.*,
        {{ sha256_text(clean_text('source.reviewer_id')) }} as reviewer_hash,
        {{ upper_text(clean_text('source.asin')) }} as product,
        {{ clean_text('source.unix_review_time') }} as unix_time_text,
        {{ clean_text('source.review_time') }} as day_text,
        {{ parse_unix_seconds(clean_text('source.unix_review_time')) }} as unix_time,
        {{ parse_month_day_year(clean_text('source.review_time')) }} as day_said,
        {{ replace_all('source.helpful', '^[[:space:]]*[[]' ~ number ~ ',' ~ number ~ '[]][[:space:]]*$', '\\1/\\2') }} as votes
    from source
),

timed as (
    select
        parsed.*,
        coalesce(parsed.unix_time, {{ cast_to('parsed.day_said', 'timestamp_nullable') }}) as happened_at
    from parsed
),

reviews as (
    select
        ---------- ids
        {{ cast_to(md5_text("timed.reviewer_hash || '|' || coalesce(timed.product, '') || '|' || "
            ~ cast_to(unix_micros('timed.happened_at'), 'text_nullable')), 'text_nullable') }} as review_id,
        {{ cast_to('timed.reviewer_hash', 'text_nullable') }} as reviewer_key,
        {{ cast_to('timed.product', 'text_nullable') }} as product_id,
        {{ cast_to(parse_integer(clean_text('timed.line_number')), 'integer_nullable') }} as line_number,

        ---------- what was said
        {{ cast_to(parse_decimal(clean_text('timed.overall')), 'money_nullable') }} as rating,
        {{ cast_to(clean_text('timed.overall'), 'text_nullable') }} as rating_as_delivered,
        {{ cast_to(clean_text('timed.reviewer_name'), 'text_nullable') }} as reviewer_name,
        {{ cast_to(clean_text('timed.summary'), 'text_nullable') }} as summary,
        {{ cast_to(clean_text('timed.review_text'), 'text_nullable') }} as review_text,
        {{ cast_to('coalesce(char_length(' ~ clean_text('timed.review_text') ~ '), 0)', 'integer') }} as text_length,

        ---------- votes on it
        {{ cast_to(parse_integer("regexp_extract(timed.votes, '^([0-9]+)/', 1)"), 'integer_nullable') }} as helpful_votes,
        {{ cast_to(parse_integer("regexp_extract(timed.votes, '/([0-9]+)$', 1)"), 'integer_nullable') }} as total_votes,
        {{ cast_to(clean_text('timed.helpful'), 'text_nullable') }} as helpful_as_delivered,

        ---------- flags
        {{ cast_to("case
            when timed.reviewer_hash is null then 'missing_reviewer'
            when timed.happened_at is null then 'unparsable_timestamp'
        end", 'category_nullable') }} as set_aside_reason,
        {{ cast_to(respelled({'product_id': ('timed.asin', 'timed.product')}), 'category_nullable') }} as respelled,

        ---------- timestamps
        {{ cast_to('timed.happened_at', 'timestamp_nullable') }} as event_at,
        {{ cast_to('timed.happened_at', 'date_nullable') }} as event_date,
        {{ cast_to('timed.unix_time_text', 'text_nullable') }} as timestamp_as_delivered,
        {{ cast_to('timed.day_said', 'date_nullable') }} as review_day,
        {{ cast_to('timed.day_text', 'text_nullable') }} as review_day_as_delivered,

        ---------- delivery
        {{ landed_columns('timed') }}
    from timed
)

select * from reviews
