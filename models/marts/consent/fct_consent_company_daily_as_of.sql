with figures as (
    select
        {%- for figure in consent_figures() %}
        {{ cast_to('round(' ~ figure ~ '_after, 6)', 'money') }} as {{ figure }},
        {%- endfor %}
        *
    from {{ ref('int_consent__figures_by_delivery') }}
),

rates as (
    select
        *,
        {{ consent_rates('figures') }}
    from figures
),

final as (
    select
        rates.event_date,
        rates.company_id,
        {{ cast_to('rates.publication', 'text') }} as publication,

        ---------- volumes: stored, weighted once, extrapolated as the sender specifies
        {%- for volume in consent_volumes() %}
        {{ cast_to('rates.' ~ volume ~ '_sampled', 'integer') }} as {{ volume }}_sampled,
        rates.{{ volume }}_once as {{ volume }}_weighted_once,
        {{ weighted_once_errors(volume ~ '_weighted_once', 'rates.' ~ volume) }},
        rates.{{ volume }}_extrapolated as {{ volume }}_extrapolated,
        {%- endfor %}

        ---------- rates to report
        {%- for rate in ['conversion_rate', 'opt_in_rate', 'consent_rate'] %}
        {{ estimated_rate_columns(rate ~ '_weighted_once', 'rates', at_most='1' if rate == 'consent_rate') }},
        {%- endfor %}

        ---------- delivery
        rates.superseded_by_delivery_id,
        rates._delivery_id,
        rates._delivered_at,
        rates.day_version as _day_version
    from rates
)

select * from final
