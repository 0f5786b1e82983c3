with figures as (
    select
        *,
        publication = 'restatement' as is_restatement
    from {{ ref('int_ad_serving__figures_by_delivery') }}
),

final as (
    select
        figures.event_date as event_date,
        figures.publisher_id as publisher_id,
        publishers.publisher_name as publisher_name,
        publishers.account_manager as account_manager,
        {{ cast_to('figures.publication', 'text') }} as publication,

        ---------- revenue before and after the delivery
        {%- for reading in ['revenue_usd', 'revenue_usd_as_delivered'] %}
        {%- set moved, after = 'figures.' ~ reading ~ '_moved', 'figures.' ~ reading ~ '_after' %}
        {{ cast_to('case when figures.is_restatement then ' ~ after ~ ' - ' ~ moved ~ ' end', 'money_nullable') }}
            as {{ reading }}_before,
        {{ cast_to(after, 'money') }} as {{ reading }}_after,
        {{ cast_to('case when figures.is_restatement then ' ~ moved ~ ' end', 'money_nullable') }}
            as {{ reading }}_difference,
        {%- endfor %}

        ---------- what the delivery brought
        {%- for column, effect in {
            'late': 'first_seen', 'changed': 'changed', 'set_to_null': 'set_to_null', 'reappeared': 'reappeared',
            'moved_in': 'moved_in', 'moved_out': 'moved_out', 'retracted': 'retracted', 'restored': 'restored',
        }.items() %}
        {{ cast_to('case when figures.is_restatement then figures.' ~ effect ~ '_count end', 'integer_nullable') }}
            as events_{{ column }},
        {%- endfor %}
        retractions.retracts_delivery_id as retracted_delivery_id,
        retractions.retraction_reason as retraction_reason,

        ---------- delivery
        {{ cast_to('figures._delivery_id', 'text') }} as delivery_id,
        {{ cast_to('figures._delivered_at', 'timestamp') }} as delivered_at
    from figures
    left join {{ ref('dim_publishers') }} as publishers on figures.publisher_id = publishers.publisher_id
    left join {{ retractions_in(ref('stg_ad_serving__files')) }} as retractions on figures._delivery_id = retractions._delivery_id
)

select * from final
