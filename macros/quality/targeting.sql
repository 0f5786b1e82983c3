{# A rule about events whose campaign did not target them, by the version of the campaign that held when they happened. #}
{% macro findings_outside_targeting(column, targeting) -%}
with untargeted as (
    select
        events.*,
        campaigns.{{ targeting }} as targeting
    from {{ ref('fct_ad_events') }} as events
    asof inner join {{ ref('dim_campaigns_history') }} as campaigns
        on
            events.campaign_id = campaigns.campaign_id
            and events.event_at >= campaigns.valid_from
    where ',' || campaigns.{{ targeting }} || ',' not like '%,' || events.{{ column }} || ',%'
)

{{ findings_of_records(
    'untargeted', observed=column, expected='targeting', impact='revenue_usd', texts=['campaign_id', 'publisher_id']
) }}
{%- endmacro %}
