{%- set columns = {
    'event_type': 'text', 'publisher_id': 'text', 'ad_unit_id': 'text', 'campaign_id': 'text', 'advertiser_id': 'text'
} %}

with compared as (
    select
        *,
        {{ changed_values(columns) }} as values_after,
        {{ changed_values(columns, 'previous_') }} as values_before
    from {{ ref('int_ad_serving__redelivered_states') }}
),

changed as (
    select * from compared
    where values_after <> ''
)

{{ findings_of_records(
    'changed', observed='values_after', expected='values_before', impact='revenue_usd', texts=['previous_delivery_id']
) }}
