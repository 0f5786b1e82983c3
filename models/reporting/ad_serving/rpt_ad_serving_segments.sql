{%- set measures = ['impressions', 'filled_impressions', 'clicks', 'viewable_impressions'] %}
{%- set segments = {
    'ad_format': ('by_format', ['ad_format']),
    'device': ('by_device_and_country', ['device_type']),
    'country': ('by_device_and_country', ['country_code']),
    'device_and_country': ('by_device_and_country', ['device_type', 'country_code']),
} %}

with by_device_and_country as (
    select
        device_type,
        country_code,
        {%- for measure in measures %}
        sum({{ measure }}) as {{ measure }}_count,
        {%- endfor %}
        sum(revenue_usd) - sum(revenue_usd_invalid_records) as net_revenue
    from {{ ref('fct_ad_events_daily') }}
    group by device_type, country_code
),

by_format as (
    select
        ad_units.ad_format as ad_format,
        {%- for measure in measures %}
        sum(daily.{{ measure }}) as {{ measure }}_count,
        {%- endfor %}
        sum(daily.revenue_usd) - sum(daily.revenue_usd_invalid_records) as net_revenue
    from {{ ref('fct_ad_events_daily') }} as daily
    left join {{ ref('dim_ad_units') }} as ad_units on daily.ad_unit_id = ad_units.ad_unit_id
    group by ad_units.ad_format
),

segments as (
    {%- for segment, (relation, members) in segments.items() %}
    select
        '{{ segment }}' as kind,
        {%- for member in ['ad_format', 'device_type', 'country_code'] %}
        {{ cast_to(member if member in members else 'null', 'text_nullable') }} as {{ member }}_of_segment,
        {%- endfor %}
        {%- for measure in measures %}
        {{ cast_to('sum(' ~ measure ~ '_count)', 'integer') }} as {{ measure }}_total,
        {%- endfor %}
        {{ cast_to('sum(net_revenue)', 'money') }} as net_total
    from {{ relation }}
    group by {{ members | join(', ') }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

final as (
    select
        {{ cast_to('kind', 'text') }} as segment,
        ad_format_of_segment as ad_format,
        device_type_of_segment as device_type,
        country_code_of_segment as country_code,
        {%- for measure in measures %}
        {{ measure }}_total as {{ measure }},
        {%- endfor %}
        {{ cast_to('filled_impressions_total >= ' ~ var('least_filled_impressions'), 'boolean') }}
            as has_enough_impressions,

        ---------- rates, with the Wilson interval of each
        {%- for rate, part, whole in [
            ('fill_rate', 'filled_impressions', 'impressions'),
            ('ctr', 'clicks', 'filled_impressions'),
            ('viewability_rate', 'viewable_impressions', 'filled_impressions'),
        ] %}
        {{ ratio(part ~ '_total', whole ~ '_total') }} as {{ rate }},
        {{ wilson_columns(rate, part ~ '_total', whole ~ '_total') }},
        {%- endfor %}

        ---------- money
        net_total as revenue_usd_net_of_invalid_records,
        {{ share_of('net_total', '1000', 'filled_impressions_total') }} as ecpm_usd,
        {{ share_of('net_total', '1000', 'impressions_total') }} as rpm_usd
    from segments
)

select * from final
