{#
    A rule about events whose campaign did not target them, by the version of the campaign that was valid at the time.
    Only events whose value some version of their campaign leaves out are checked.
#}
{% macro findings_outside_targeting(column, targeting) -%}
{%- set is_left_out = "',' || campaigns." ~ targeting ~ " || ',' not like '%,' || events." ~ column ~ " || ',%'" -%}
with left_out as (
    select distinct
        events.campaign_id as campaign_id,
        events.{{ column }} as {{ column }}
    from (
        select distinct
            campaign_id,
            {{ column }}
        from {{ ref('fct_ad_events') }}
    ) as events
    inner join {{ ref('dim_campaigns_history') }} as campaigns on events.campaign_id = campaigns.campaign_id
    where {{ is_left_out }}
),

doubtful as (
    select events.*
    from {{ ref('fct_ad_events') }} as events
    inner join left_out
        on
            events.campaign_id = left_out.campaign_id
            and events.{{ column }} = left_out.{{ column }}
),

untargeted as (
    select
        events.*,
        campaigns.{{ targeting }} as targeting
    from doubtful as events
    asof inner join {{ ref('dim_campaigns_history') }} as campaigns
        on
            events.campaign_id = campaigns.campaign_id
            and events.event_at >= campaigns.valid_from
    where {{ is_left_out }}
)

{{ findings_of_records(
    'untargeted', observed=column, expected='targeting', impact='revenue_usd', texts=['campaign_id', 'publisher_id']
) }}
{%- endmacro %}
