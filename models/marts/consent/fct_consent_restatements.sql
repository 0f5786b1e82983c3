with figures as (
    select
        {%- for figure in consent_figures() %}
        {{ cast_to('round(' ~ figure ~ '_after - ' ~ figure ~ '_moved, 6)', 'money') }} as {{ figure }}_before,
        {{ cast_to('round(' ~ figure ~ '_after, 6)', 'money') }} as {{ figure }}_now,
        {%- endfor %}
        *
    from {{ ref('int_consent__figures_by_delivery') }}
    where publication = 'restatement'
),

final as (
    select
        event_date,
        company_id,

        ---------- what the delivery brought
        {%- for effect in delivery_effects(consent_effects()) %}
        {{ cast_to(effect ~ '_count', 'integer') }} as events_{{ 'late' if effect == 'first_seen' else effect }},
        {%- endfor %}

        ---------- volumes: those to report before and after it, and by how much it moved every reading
        {%- for volume in consent_volumes() %}
        {{ cast_to(volume ~ '_sampled_now - ' ~ volume ~ '_sampled_before', 'integer') }} as {{ volume }}_sampled_difference,
        {{ volume }}_once_before as {{ volume }}_weighted_once_before,
        {{ volume }}_once_now as {{ volume }}_weighted_once_after,
        {{ cast_to(volume ~ '_once_now - ' ~ volume ~ '_once_before', 'money') }} as {{ volume }}_weighted_once_difference,
        {{ cast_to(volume ~ '_extrapolated_now - ' ~ volume ~ '_extrapolated_before', 'money') }}
            as {{ volume }}_extrapolated_difference,
        {%- endfor %}

        ---------- rates to report
        {%- for rate, (part, whole) in {
            'conversion_rate': ('consent_given', 'consent_asked'),
            'opt_in_rate': ('opt_ins', 'consent_asked'),
            'consent_rate': ('opt_ins', 'choices'),
        }.items() %}
        {{ ratio(part ~ '_once_before', whole ~ '_once_before') }} as {{ rate }}_weighted_once_before,
        {{ ratio(part ~ '_once_now', whole ~ '_once_now') }} as {{ rate }}_weighted_once_after,
        {%- endfor %}

        ---------- delivery
        _delivery_id,
        _delivered_at,
        day_version as _day_version
    from figures
)

select * from final
