-- Which ad formats earn most per thousand impressions?
-- Asked by publisher managers. ecpm_usd is per thousand filled impressions, what a served ad earns; rpm_usd per
-- thousand of all, so it also pays for what was not filled. Revenue includes that of clicks.
-- One row per ad format of today; NULL holds ad units that no delivery knows. US dollars, net of invalid records, cut
-- to micro-dollars.
with formats as (
    select
        ad_units.ad_format as ad_format,
        count(distinct daily.ad_unit_id) as ad_unit_count,
        sum(daily.impressions) as impression_count,
        sum(daily.filled_impressions) as filled_count,
        sum(daily.revenue_usd) - sum(daily.revenue_usd_invalid_records) as net_of_invalid_records
    from {{ ref('fct_ad_events_daily') }} as daily
    left join {{ ref('dim_ad_units') }} as ad_units
        on daily.ad_unit_id = ad_units.ad_unit_id
    group by ad_units.ad_format
)

select
    ad_format,
    ad_unit_count as ad_units,
    impression_count as impressions,
    filled_count as filled_impressions,
    net_of_invalid_records as net_of_invalid_records_usd,
    {{ share_of('net_of_invalid_records', '1000', 'filled_count') }} as ecpm_usd,
    {{ share_of('net_of_invalid_records', '1000', 'impression_count') }} as rpm_usd
from formats
order by ad_format
