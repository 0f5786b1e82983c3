{%- set dimensions = {
    'advertisers': (ref('stg_ad_delivery__advertisers'), ref('dim_ad_delivery_advertisers_history'), 'advertiser_id'),
    'campaigns': (ref('stg_ad_delivery__campaigns'), ref('dim_ad_delivery_campaigns_history'), 'campaign_id'),
} %}
{%- set attributes = {'campaign_id': 'integer_nullable', 'event_time': 'text_nullable'} %}

with revised as (
    select event_id
    from {{ ref('int_ad_delivery__records') }}
    group by event_id
    having count(*) > 1
),

records as (
    select
        *,
        {{ moment_text('event_at') }} as event_time
    from {{ ref('int_ad_delivery__records') }}
    where event_id in (select revised.event_id from revised)
),

states as (
    select
        *,
        {%- for column in attributes %}
        lag({{ column }}) over of_event as previous_{{ column }},
        {%- endfor %}
        lag({{ cast_to('operation', 'text_nullable') }}) over of_event as previous_operation
    from records
    window of_event as (partition by event_id order by _delivery_id, _source_row)
),

edits as (
    select
        event_id as edit_key,
        event_date,
        {{ cast_to('_delivery_id', 'text') }} as _delivery_id,
        {{ changed_values(attributes) }} as values_after,
        {{ changed_values(attributes, 'previous_') }} as values_before
    from states
    where
        operation = 'upsert'
        and previous_operation = 'upsert'
        and {{ any_changed(attributes) | indent(8) }}
    {%- for entity, (staging, history, key) in dimensions.items() %}
    union all
    {{ silent_edits_of_dimension(entity, staging, history, key) | indent(4) }}
    {%- endfor %}
),

silent as (
    select
        edit_key,
        _delivery_id,
        max(event_date) as event_date,
        {{ cast_to('count(*)', 'integer') }} as edit_count,
        {{ ordered_text_agg('values_after') }} as values_after,
        {{ ordered_text_agg('values_before') }} as values_before
    from edits
    group by edit_key, _delivery_id
)

{{ findings(
    'silent', key='edit_key', day='event_date', observed='values_after', expected='values_before', records='edit_count',
    numbers=['edit_count']
) }}
