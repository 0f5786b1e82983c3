{%- set causes = {
    'first_seen': 'late', 'changed': 'changed', 'set_to_null': 'set to NULL', 'reappeared': 'reappeared',
    'moved_in': 'moved in', 'moved_out': 'moved out', 'retracted': 'retracted', 'restored': 'restored',
} %}
{%- set cause -%}
case changes.effect
{%- for effect, name in causes.items() %} when '{{ effect }}' then '{{ name }}'{% endfor %} else 'retracted' end
{%- endset %}

with changes as (
    select * from {{ ref('int_ad_serving__changed_events') }}
),

deliveries as (
    select distinct
        _delivery_id,
        _delivered_at
    from {{ ref('int_ad_serving__publications') }}
),

final as (
    select
        ---------- the event, and the delivery that changed it
        changes.event_date as event_date,
        changes.publisher_id as publisher_id,
        publishers.publisher_name as publisher_name,
        publishers.account_manager as account_manager,
        changes.event_id as event_id,
        changes.event_type as event_type,
        changes.campaign_id as campaign_id,
        changes._delivery_id as delivery_id,
        {{ cast_to('deliveries._delivered_at', 'timestamp') }} as delivered_at,

        ---------- what it changed
        {{ cast_to(cause, 'text') }} as cause,
        changes.revenue_usd_before as revenue_usd_before,
        changes.revenue_usd_after as revenue_usd_after,
        changes.revenue_usd_moved as revenue_usd_difference,
        changes.other_event_date as other_event_date,
        changes.other_publisher_id as other_publisher_id,

        ---------- where its record is
        changes.source_file as source_file,
        changes.source_row as source_row
    from changes
    inner join deliveries on changes._delivery_id = deliveries._delivery_id
    left join {{ ref('dim_publishers') }} as publishers on changes.publisher_id = publishers.publisher_id
)

select * from final
