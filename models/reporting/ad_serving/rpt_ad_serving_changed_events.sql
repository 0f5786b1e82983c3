{%- set retracted = retractions() %}
{%- set causes = {
    'first_seen': 'late', 'changed': 'changed', 'set_to_null': 'set to NULL', 'reappeared': 'reappeared',
    'moved_in': 'moved in', 'moved_out': 'moved out', 'retracted': 'retracted', 'restored': 'restored',
} %}
{%- set cause -%}
case changes.own_effect
{%- for effect, name in causes.items() %} when '{{ effect }}' then '{{ name }}'{% endfor %} else 'retracted' end
{%- endset %}
{#- a window over all events would be slow, and few events change #}
{%- set narrowed %}
event_id in (
    select event_id from {{ ref('fct_ad_events') }}
    where
        record_count > 1
        or (event_date, first_delivery_id) in (select event_date, _delivery_id from restating)
)
{%- endset %}
{%- set gone %}
event_id in (
    select event_id from {{ with_retracted(ref('stg_ad_serving__events')) }} as every_record
    where {{ in_list('_delivery_id', retracted | list) }}
)
{%- endset %}

with restating as (
    select
        event_date,
        _delivery_id,
        _delivered_at
    from {{ ref('int_ad_serving__publications') }}
    where publication = 'restatement'
),

states as (
    {{ record_states(
        ref('stg_ad_serving__events'),
        columns=[
            'event_id', 'event_type', 'event_date', 'publisher_id', 'campaign_id', 'revenue_usd', '_delivery_id',
            '_source_file', '_source_row',
        ],
        compared={'event_date': 'date_nullable', 'publisher_id': 'text_nullable', 'revenue_usd': 'money_nullable'},
        condition='set_aside_reason is null and (' ~ narrowed ~ (' or ' ~ gone if retracted else '') ~ ')',
        keep_last=['revenue_usd'],
    ) | indent(4) }}
),

{{ movements_of('states', place=['event_date', 'publisher_id'], effects=ad_effects()) }},

changes as (
    {#- aggregates, because ClickHouse moves a condition on a key to where the key may still be NULL #}
    select
        max(event_date) as day_of_event,
        publisher_id,
        max(delivery_id) as id_of_delivery,
        max(event_id) as id_of_event,
        max(event_type) as type_of_event,
        max(campaign_id) as campaign_of_event,
        min(case when effect not in ('repeated', 'replaced_here', 'known') then effect end) as own_effect,
        max(
            case effect when 'moved_in' then previous_event_date when 'moved_out' then next_event_date end
        ) as other_day,
        max(
            case effect when 'moved_in' then previous_publisher_id when 'moved_out' then next_publisher_id end
        ) as other_publisher,
        sum(case when direction = -1 then coalesce(last_known_revenue_usd, 0) end) as revenue_before,
        sum(case when direction = 1 then coalesce(last_known_revenue_usd, 0) end) as revenue_after,
        sum(direction * coalesce(last_known_revenue_usd, 0)) as moved_revenue,
        max(source_file) as file_of_record,
        max(case when direction = 1 then _source_row end) as row_of_record
    from movements
    group by event_date, publisher_id, delivery_id, event_id
),

final as (
    select
        ---------- the event, and the delivery that changed it
        {{ cast_to('changes.day_of_event', 'date') }} as event_date,
        changes.publisher_id as publisher_id,
        publishers.publisher_name as publisher_name,
        publishers.account_manager as account_manager,
        {{ cast_to('changes.id_of_event', 'text') }} as event_id,
        {{ cast_to('changes.type_of_event', 'text_nullable') }} as event_type,
        {{ cast_to('changes.campaign_of_event', 'text_nullable') }} as campaign_id,
        {{ cast_to('changes.id_of_delivery', 'text') }} as delivery_id,
        {{ cast_to('restating._delivered_at', 'timestamp') }} as delivered_at,

        ---------- what it changed
        {{ cast_to(cause, 'text') }} as cause,
        {{ cast_to('changes.revenue_before', 'money_nullable') }} as revenue_usd_before,
        {{ cast_to('changes.revenue_after', 'money_nullable') }} as revenue_usd_after,
        {{ cast_to('changes.moved_revenue', 'money') }} as revenue_usd_difference,
        {{ cast_to('changes.other_day', 'date_nullable') }} as other_event_date,
        {{ cast_to('changes.other_publisher', 'text_nullable') }} as other_publisher_id,

        ---------- where its record is
        {{ cast_to('changes.file_of_record', 'text') }} as source_file,
        {{ cast_to('changes.row_of_record', 'integer_nullable') }} as source_row
    from changes
    inner join restating
        on
            changes.day_of_event = restating.event_date
            and changes.id_of_delivery = restating._delivery_id
    left join {{ ref('dim_publishers') }} as publishers on changes.publisher_id = publishers.publisher_id
    where
        changes.own_effect is not null
        or changes.moved_revenue <> 0
)

select * from final
