with final as (
    select
        effects.company_id as company_id,
        {{ cast_to('coalesce(companies.industry_front, companies.industry_back)', 'text_nullable') }} as industry,
        effects.event_type as event_type,
        effects.design_effect as design_effect,
        effects.events_weighted_once as events,
        effects.events_weighted_once_low as events_low,
        effects.events_weighted_once_high as events_high,
        effects.events_weighted_once_by_user_low as events_by_user_low,
        effects.events_weighted_once_by_user_high as events_by_user_high,
        effects.events_sampled as events_stored,
        effects.users_sampled as users_stored,
        effects.users_seen_again as users_seen_again
    from {{ ref('agg_consent_design_effects') }} as effects
    left join {{ ref('dim_companies') }} as companies on effects.company_id = companies.company_id
)

select * from final
