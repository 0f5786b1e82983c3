{%- set tables = {
    'advertiser': (ref('stg_ad_delivery__advertisers'), 'advertiser_id'),
    'campaign': (ref('stg_ad_delivery__campaigns'), 'campaign_id'),
    'impressions': (ref('stg_ad_delivery__impressions'), 'impression_id'),
    'clicks': (ref('stg_ad_delivery__clicks'), 'click_id'),
} %}

with {% for table, (staging, key) in tables.items() %}
{{ table }}_steps as (
    {{ arrivals_and_departures(staging, key, ['operation']) | indent(4) }}
),
{% endfor %}
changes as (
    {%- for table in tables %}
    select
        '{{ table }}' as table_name,
        moved_by as _delivery_id,
        sum(entry) as row_change
    from {{ table }}_steps
    where operation = 'upsert'
    group by moved_by
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select * from changes
