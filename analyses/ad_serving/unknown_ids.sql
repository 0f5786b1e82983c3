-- Which publishers, ad units and campaigns of events are in no dimension, and what revenue do they have?
-- Asked by ad ops. Such events count everywhere, without a name: ask the sender for the missing rows. An id that first
-- came in the last few days may only be ahead of its dimension.
-- One row per kind of id and unknown id. Events of every type; US dollars, gross; UTC days.
with events as (
    select
        events.event_date,
        events.revenue_usd,
        events.publisher_id as publisher_id,
        events.ad_unit_id as ad_unit_id,
        events.campaign_id as campaign_id,
        publishers.publisher_id as known_publisher_id,
        ad_units.ad_unit_id as known_ad_unit_id,
        campaigns.campaign_id as known_campaign_id
    from {{ ref('fct_ad_events') }} as events
    left join {{ ref('dim_publishers') }} as publishers
        on events.publisher_id = publishers.publisher_id
    left join {{ ref('dim_ad_units') }} as ad_units
        on events.ad_unit_id = ad_units.ad_unit_id
    left join {{ ref('dim_campaigns') }} as campaigns
        on events.campaign_id = campaigns.campaign_id
),

unknown as (
    {%- for kind in ['publisher', 'ad_unit', 'campaign'] %}
    select
        '{{ kind }}' as kind,
        {{ kind }}_id as unknown_id,
        event_date,
        revenue_usd
    from events
    where
        {{ kind }}_id is not null
        and known_{{ kind }}_id is null
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    kind,
    unknown_id,
    count(*) as events,
    sum(revenue_usd) as gross_usd,
    min(event_date) as first_day,
    max(event_date) as last_day
from unknown
group by kind, unknown_id
order by kind, unknown_id
