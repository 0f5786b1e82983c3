with contents as (
    select
        _delivery_id,
        _source_file,
        count(*) filter (where set_aside_reason is not null) as records_set_aside,
        count(*) filter (where set_aside_reason is null and has_unparsable_revenue) as records_unreadable,
        count(*) filter (where set_aside_reason is null and not has_unparsable_revenue) as records_readable,
        count(revenue_usd) as amounts
    from {{ ref('stg_ad_serving__events') }}
    group by _delivery_id, _source_file
),

files as (
    select
        files._delivery_id as _delivery_id,
        files._source_file as _source_file,
        files.records_rejected as records_rejected,
        coalesce(contents.records_set_aside, 0) as records_set_aside,
        coalesce(contents.records_unreadable, 0) as records_with_unreadable_revenue,
        case when contents.amounts = 0 then contents.records_readable else 0 end as records_without_revenue,
        files.records_read - files.records_blank as records,
        files._delivery_id || '/' || files._source_file as file_key
    from {{ ref('stg_ad_serving__files') }} as files
    left join contents
        on
            files._delivery_id = contents._delivery_id
            and files._source_file = contents._source_file
    where files.entity = 'events'
),

counted as (
    select
        *,
        {{ cast_to(
            'records_rejected + records_set_aside + records_with_unreadable_revenue + records_without_revenue', 'integer'
        ) }} as records_unusable
    from files
    where records >= {{ var('dq_least_records') }}
),

unusable as (
    select * from counted
    where 2 * records_unusable > records
)

{{ findings(
    'unusable', key='file_key',
    observed=cast_to('records_unusable', 'text') ~ " || ' of ' || " ~ cast_to('records', 'text') ~ " || ' unusable'",
    expected="'at most half'", records='records_unusable',
    numbers=[
        'records', 'records_rejected', 'records_set_aside', 'records_with_unreadable_revenue', 'records_without_revenue',
    ],
    texts=['_source_file']
) }}
