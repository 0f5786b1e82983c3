{%- set rules_about_events = [
    'robot_user_agent', 'click_without_impression', 'time_after_delivery', 'ad_unit_of_other_publisher', 'foreign_domain',
    'browser_not_on_device', 'region_of_other_country',
] %}

with events as (
    select
        *,
        {{ cast_to('event_date', 'text') }} as day_text,
        {{ cast_to(hour_of('event_at'), 'text') }} as hour_text
    from {{ ref('fct_ad_events') }}
),

identities as (
    select
        event_id,
        user_id_hash || '|' || {{ cast_to('event_date', 'text') }} as user_and_day
    from {{ ref('int_ad_serving__event_identities') }}
    where user_id_hash is not null
),

clicks as (
    select
        event_id,
        publisher_id || '|' || day_text || '|' || hour_text as hour_of_publisher
    from events
    where event_type = 'click'
),

on_the_second as (
    select
        event_id,
        publisher_id || '|' || day_text as day_of_publisher
    from events
    where {{ is_whole_second('event_at') }}
),

impressions as (
    select
        event_id,
        'ad_unit_id|' || ad_unit_id as unit,
        'publisher_id|' || publisher_id as publisher,
        'country_code and publisher_id|' || coalesce(country_code, '') || '|' || coalesce(publisher_id, '') as segment
    from events
    where event_type = 'impression'
),

signals as (
    {%- for group in declared()['ad_serving']['rules'] %}
    select
        finding_key as event_id,
        rule_id
    from {{ ref('dq_ad_serving_' ~ group) }}
    where
        rule_id in (
            {%- for rule in rules_about_events %}
            'ad_serving__{{ rule }}'{{ ',' if not loop.last }}
            {%- endfor %}
        )
    union all
    {%- endfor %}
    {%- for rule, relation, key in [
        ('concentrated_identity', 'identities', 'user_and_day'),
        ('flat_day', 'identities', 'user_and_day'),
        ('click_burst', 'clicks', 'hour_of_publisher'),
        ('whole_second_clock', 'on_the_second', 'day_of_publisher'),
        ('viewability_out_of_line', 'impressions', 'unit'),
        ('viewability_out_of_line', 'impressions', 'publisher'),
        ('fill_out_of_line', 'impressions', 'segment'),
    ] %}
    select
        {{ relation }}.event_id as event_id,
        found.rule_id as rule_id
    from {{ relation }}
    inner join {{ ref('dq_ad_serving_levels') }} as found on {{ relation }}.{{ key }} = found.finding_key
    where found.rule_id = 'ad_serving__{{ rule }}'
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select distinct
    event_id,
    rule_id
from signals
