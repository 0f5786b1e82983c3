with figures as (
    select * from {{ ref('int_ad_serving__figures_by_delivery') }}
    where publication = 'restatement'
),

final as (
    select
        event_date,
        publisher_id,

        ---------- what the delivery brought
        {{ cast_to('first_seen_count', 'integer') }} as events_late,
        {{ cast_to('changed_count', 'integer') }} as events_changed,
        {{ cast_to('set_to_null_count', 'integer') }} as events_set_to_null,
        {{ cast_to('reappeared_count', 'integer') }} as events_reappeared,
        {{ cast_to('moved_in_count', 'integer') }} as events_moved_in,
        {{ cast_to('moved_out_count', 'integer') }} as events_moved_out,
        {{ cast_to('retracted_count', 'integer') }} as events_retracted,
        {{ cast_to('restored_count', 'integer') }} as events_restored,

        ---------- money
        {%- for reading in ['revenue_usd', 'revenue_usd_as_delivered'] %}
        {{ cast_to(reading ~ '_after - ' ~ reading ~ '_moved', 'money') }} as {{ reading }}_before,
        {{ cast_to(reading ~ '_after', 'money') }} as {{ reading }}_after,
        {{ cast_to(reading ~ '_moved', 'money') }} as {{ reading }}_difference,
        {%- endfor %}

        ---------- delivery
        _delivery_id,
        _delivered_at,
        day_version as _day_version
    from figures
)

select * from final
