with by_status as (
    select
        daily.company_id as company_id,
        daily.consent_status as consent_status,
        {{ volume_sums('daily', 'events') }},
        {{ volume_sums('daily', 'given', "daily.event_type = 'consent.given'") }}
    from {{ ref('fct_consent_company_daily') }} as daily
    where daily.company_id is not null
    group by daily.company_id, daily.consent_status
),

final as (
    select
        ---------- company and status
        {{ cast_to('by_status.company_id', 'text') }} as company_id,
        by_status.consent_status as consent_status,
        companies.industry_back,
        companies.industry_front,
        companies.hq_country,

        ---------- choices made with the status
        {{ volume_columns('consent_given', 'by_status.given') }},
        {{ share_columns('share_of_given_weighted_once', 'by_status.given', 'totals.consent_given') }},

        ---------- events of every type that carry the status
        {{ volume_columns('events', 'by_status.events') }},
        {{ share_columns('share_of_events_weighted_once', 'by_status.events', 'totals.events') }},

        ---------- flags
        {{ cast_to('by_status.events_sampled < ' ~ var('least_sampled'), 'boolean') }} as is_small_sample
    from by_status
    inner join {{ ref('int_consent__company_totals') }} as totals on by_status.company_id = totals.company_id
    left join {{ ref('dim_companies') }} as companies on by_status.company_id = companies.company_id
)

select * from final
