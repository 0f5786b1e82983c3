{# by segment: the group within which the share of a part is computed, and the part #}
{%- set segments = {
    'device_type': ("''", 'device_type'),
    'browser': ('device_type', 'browser'),
} %}

with impressions as (
    select
        publisher_id,
        device_type,
        browser,
        {{ cast_to('count(*)', 'integer') }} as impression_count,
        min(first_delivery_id) as first_of_cell,
        max(_delivery_id) as last_of_cell
    from {{ ref('fct_ad_events') }}
    where
        event_type = 'impression'
        and publisher_id is not null
        and device_type is not null
    group by publisher_id, device_type, browser
),

cells as (
    {%- for segment, (within, part) in segments.items() %}
    select
        '{{ segment }}' as segment,
        {{ cast_to(within, 'text') }} as within_device,
        {{ cast_to('coalesce(' ~ part ~ ", '')", 'text') }} as part,
        publisher_id,
        {{ cast_to('sum(impression_count)', 'integer') }} as part_count,
        min(first_of_cell) as first_of_part,
        max(last_of_cell) as last_of_part
    from impressions
    where {{ part }} is not null
    group by {{ (within ~ ', ' ~ part) if within != "''" else part }}, publisher_id
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

wholes as (
    select
        segment,
        within_device,
        publisher_id,
        {{ cast_to('sum(part_count)', 'integer') }} as whole_count,
        min(first_of_part) as first_of_whole,
        max(last_of_part) as last_of_whole
    from cells
    group by segment, within_device, publisher_id
    having sum(part_count) >= {{ var('least_sampled') }}
),

parts as (
    select distinct
        segment,
        within_device,
        part
    from cells
),

shares as (
    select
        wholes.segment as segment,
        wholes.within_device as within_device,
        wholes.publisher_id as publisher_id,
        parts.part as part,
        wholes.whole_count as whole_count,
        wholes.first_of_whole as first_of_whole,
        wholes.last_of_whole as last_of_whole,
        {{ cast_to('coalesce(cells.part_count, 0)', 'integer') }} as part_count,
        {{ share_of(cast_to('1000000', 'money'), 'coalesce(cells.part_count, 0)', 'wholes.whole_count') }} as part_per_million
    from wholes
    inner join parts
        on
            wholes.segment = parts.segment
            and wholes.within_device = parts.within_device
    left join cells
        on
            wholes.segment = cells.segment
            and wholes.within_device = cells.within_device
            and wholes.publisher_id = cells.publisher_id
            and parts.part = cells.part
),

usual as (
    select
        segment,
        within_device,
        part,
        {{ median(cast_to('floor(part_per_million)', 'integer')) }} as usual_per_million
    from shares
    group by segment, within_device, part
    having count(*) > {{ var('dq_least_peers') }}
),

expected as (
    select
        shares.segment as segment,
        shares.within_device as within_device,
        shares.publisher_id as publisher_id,
        shares.part as part,
        shares.part_count as part_count,
        shares.whole_count as whole_count,
        shares.first_of_whole as first_of_whole,
        shares.last_of_whole as last_of_whole,
        {{ share_of(
            cast_to('shares.whole_count', 'money'), cast_to('floor(usual.usual_per_million)', 'integer'), '1000000'
        ) }} as expected_count
    from shares
    inner join usual
        on
            shares.segment = usual.segment
            and shares.within_device = usual.within_device
            and shares.part = usual.part
),

missing as (
    select * from expected
    where
        expected_count >= {{ var('dq_pair_expected') }}
        and {{ to_double('part_count') }} < {{ to_double(var('dq_pair_share')) }} * {{ to_double('expected_count') }}
)

{{ findings(
    'missing', key="segment || '|' || publisher_id || case when within_device = '' then '' else '|' || within_device end || '|' || part",
    observed=cast_to('part_count', 'text') ~ " || ' of ' || " ~ cast_to('whole_count', 'text'),
    expected="'about ' || " ~ number_text('round(expected_count, 0)'), records='whole_count',
    numbers=['part_count', 'whole_count', 'expected_count'], texts=['publisher_id', 'within_device', 'part'],
    first='first_of_whole', last='last_of_whole'
) }}
