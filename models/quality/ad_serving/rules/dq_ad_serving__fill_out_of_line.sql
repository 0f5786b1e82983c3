{%- set segments = {
    'country_code': "''",
    'country_code and device_type': 'parts.device_type',
    'country_code and publisher_id': 'parts.publisher_id',
} %}

with cells as (
    {%- for segment, part in segments.items() %}
    select
        '{{ segment }}' as segment,
        {{ cast_to("coalesce(parts.country_code, '')", 'text') }} as country,
        {{ cast_to('coalesce(' ~ part ~ ", '')", 'text') }} as part,
        {{ cast_to('sum(parts.impressions)', 'integer') }} as impressions,
        {{ cast_to('sum(parts.filled)', 'integer') }} as filled,
        min(parts.first_of_cell) as first_of_cell,
        max(parts.last_of_cell) as last_of_cell
    from {{ ref('int_ad_serving__fill_days') }} as parts
    group by parts.country_code{{ ', ' ~ part if segment != 'country_code' }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

others as (
    select
        *,
        {%- for column in ['impressions', 'filled'] %}
        {{ cast_to('sum(' ~ column ~ ') over elsewhere - ' ~ column, 'integer') }} as {{ column }}_elsewhere,
        {{ cast_to('sum(' ~ column ~ ') over country - ' ~ column, 'integer') }} as {{ column }}_of_country,
        {%- endfor %}
        part = '' as is_whole_country
    from cells
    window
        elsewhere as (partition by segment, part),
        country as (partition by segment, country)
),

{# part of a country is compared with the country too: a country that is entirely unfilled gives one finding #}
expected as (
    select
        *,
        case
            when is_whole_country
                then {{ share_of(cast_to('impressions', 'money'), 'filled_elsewhere', 'impressions_elsewhere') }}
            when impressions_of_country > 0 then least(
                {{ share_of(cast_to('impressions', 'money'), 'filled_elsewhere', 'impressions_elsewhere') }},
                {{ share_of(cast_to('impressions', 'money'), 'filled_of_country', 'impressions_of_country') }}
            )
        end as filled_expected
    from others
),

unfilled as (
    select * from expected
    where {{ falls_short('filled', 'filled_expected') }}
)

{{ findings(
    'unfilled', key="segment || '|' || country || case when is_whole_country then '' else '|' || part end",
    observed=cast_to('filled', 'text') ~ " || ' of ' || " ~ cast_to('impressions', 'text') ~ " || ' filled'",
    expected=number_text('filled_expected'), records='impressions', numbers=['impressions', 'filled', 'filled_expected'],
    texts=['segment', 'country', 'part'], first='first_of_cell', last='last_of_cell'
) }}
