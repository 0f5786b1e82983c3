{%- set counts = [
    'read', 'current', 'replaced_in_delivery', 'replaced_by_delivery', 'set_aside', 'retracted', 'rejected', 'blank',
] %}
{%- set fates = ['current', 'replaced_in_delivery', 'replaced_by_delivery', 'set_aside'] %}
{%- set causes = ['late', 'changed', 'set_to_null', 'reappeared', 'moved_in', 'moved_out', 'retracted', 'restored'] %}

with retractions as (
    select * from {{ retractions_in(ref('stg_ad_serving__files')) }} as retractions
),

deliveries as (
    select
        _delivery_id,
        max(_delivered_at) as last_delivered_at,
        count(*) as file_count,
        {{ cast_to('null', 'text_nullable') }} as retracted_delivery_id,
        {{ cast_to('null', 'text_nullable') }} as retraction_reason,
        {%- for name in counts %}
        sum(records_{{ name }}) as {{ name }}_count,
        {%- endfor %}
        {%- for fate in fates %}
        sum(revenue_usd_{{ fate }}) as {{ fate }}_revenue,
        {%- endfor %}
        sum(revenue_usd_still_counting) as still_counting_revenue
    from {{ ref('fct_ad_event_records') }}
    group by _delivery_id
    union all
    select
        _delivery_id,
        _delivered_at as last_delivered_at,
        0 as file_count,
        retracts_delivery_id as retracted_delivery_id,
        retraction_reason,
        {%- for name in counts %}
        0 as {{ name }}_count,
        {%- endfor %}
        {%- for fate in fates %}
        {{ cast_to('0', 'money') }} as {{ fate }}_revenue,
        {%- endfor %}
        {{ cast_to('0', 'money') }} as still_counting_revenue
    from retractions
),

movements as (
    select
        _delivery_id,
        sum(revenue_usd) as moved_revenue,
        sum(revenue_usd_as_delivered) as moved_revenue_as_delivered
    from {{ ref('int_ad_serving__record_ledger') }}
    group by _delivery_id
),

restatements as (
    select
        _delivery_id,
        count(distinct event_date) as day_count,
        {%- for cause in causes %}
        sum(events_{{ cause }}) as {{ cause }}_count,
        {%- endfor %}
        sum(revenue_usd_difference) as restated_revenue
    from {{ ref('fct_revenue_restatements') }}
    group by _delivery_id
),

final as (
    select
        {{ cast_to('deliveries._delivery_id', 'text') }} as delivery_id,
        {{ cast_to('deliveries.last_delivered_at', 'timestamp') }} as delivered_at,
        {{ cast_to('deliveries.file_count', 'integer') }} as files,

        ---------- what became of its records
        {%- for name in counts %}
        {{ cast_to('deliveries.' ~ name ~ '_count', 'integer') }} as records_{{ name }},
        {%- endfor %}
        {{ cast_to(
            'deliveries.replaced_in_delivery_count + deliveries.replaced_by_delivery_count', 'integer'
        ) }} as records_replaced,
        deliveries.retracted_delivery_id as retracted_delivery_id,
        deliveries.retraction_reason as retraction_reason,

        ---------- and of the revenue that they carry
        {{ cast_to('deliveries.' ~ fates | join('_revenue + deliveries.') ~ '_revenue', 'money') }}
            as revenue_usd_delivered,
        {%- for fate in fates %}
        {{ cast_to('deliveries.' ~ fate ~ '_revenue', 'money') }} as revenue_usd_{{ fate }},
        {%- endfor %}
        {{ cast_to('deliveries.still_counting_revenue', 'money') }} as revenue_usd_still_counting,
        {{ cast_to('deliveries.current_revenue + deliveries.still_counting_revenue', 'money') }} as revenue_usd_booked,

        ---------- published days that it changed
        {{ cast_to('coalesce(restatements.day_count, 0)', 'integer') }} as days_restated,
        {%- for cause in causes %}
        {{ cast_to('coalesce(restatements.' ~ cause ~ '_count, 0)', 'integer') }} as events_{{ cause }},
        {%- endfor %}
        {{ cast_to('coalesce(restatements.restated_revenue, 0)', 'money') }} as revenue_usd_restated,

        ---------- all revenue that was known after it
        {{ cast_to('sum(coalesce(movements.moved_revenue, 0)) over up_to_here', 'money') }} as revenue_usd_after,
        {{ cast_to('sum(coalesce(movements.moved_revenue_as_delivered, 0)) over up_to_here', 'money') }}
            as revenue_usd_as_delivered_after
    from deliveries
    left join movements on deliveries._delivery_id = movements._delivery_id
    left join restatements on deliveries._delivery_id = restatements._delivery_id
    window up_to_here as (order by deliveries._delivery_id rows between unbounded preceding and current row)
)

select * from final
