with final as (
    select
        ---------- day and company
        figures.event_date as event_date,
        {{ cast_to('figures.company_id', 'text_nullable') }} as company_id,
        {{ cast_to('coalesce(companies.industry_front, companies.industry_back)', 'text_nullable') }} as industry,
        figures.publication as publication,

        ---------- the rate before and after the delivery, and what moved it
        restated.opt_in_rate_weighted_once_before as opt_in_rate_before,
        {{ reported_rate('opt_in_rate', 'figures.opt_in_rate_weighted_once', 'figures.opt_in_rate_weighted_once_se') }},
        {%- for name, volume in {'opt_ins': 'opt_ins', 'notices': 'consent_asked', 'events': 'events'}.items() %}
        figures.{{ volume }}_weighted_once as {{ name }},
        restated.{{ volume }}_weighted_once_difference as {{ name }}_difference,
        {%- endfor %}

        ---------- what the delivery brought
        {%- for effect in ['late', 'reweighed', 'consent_changed', 'moved_in', 'moved_out', 'retracted', 'restored'] %}
        restated.events_{{ effect }} as events_{{ effect }},
        {%- endfor %}
        retractions.retracts_delivery_id as retracted_delivery_id,
        retractions.retraction_reason as retraction_reason,
        figures._delivery_id as delivery_id,
        figures._delivered_at as delivered_at
    from {{ ref('fct_consent_company_daily_as_of') }} as figures
    left join {{ ref('fct_consent_restatements') }} as restated
        on
            figures.event_date = restated.event_date
            and coalesce(figures.company_id, '') = coalesce(restated.company_id, '')
            and figures._delivery_id = restated._delivery_id
    left join {{ ref('dim_companies') }} as companies on figures.company_id = companies.company_id
    left join {{ retractions_in(ref('stg_consent__files')) }} as retractions on figures._delivery_id = retractions._delivery_id
)

select * from final
