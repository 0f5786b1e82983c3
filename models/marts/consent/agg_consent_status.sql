with by_status as (
    select
        company_id,
        consent_status,
        {{ volume_sums('daily', 'events') }},
        {{ volume_sums('daily', 'given', "event_type = 'consent.given'") }}
    from {{ ref('fct_consent_company_daily') }} as daily
    where company_id is not null
    group by company_id, consent_status
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
        {{ ratio('by_status.given_once', 'totals.consent_given_once') }} as share_of_given,
        {{ error_columns(
            'share_of_given',
            ratio('by_status.given_once', 'totals.consent_given_once'),
            'sqrt(' ~ share_variance('by_status.given_once', 'by_status.given_variance', 'totals.consent_given_once', 'totals.consent_given_variance') ~ ')',
            at_most='1'
        ) }},

        ---------- events of every type that carry the status
        {{ volume_columns('events', 'by_status.events') }},
        {{ ratio('by_status.events_once', 'totals.events_once') }} as share_of_events,
        {{ error_columns(
            'share_of_events',
            ratio('by_status.events_once', 'totals.events_once'),
            'sqrt(' ~ share_variance('by_status.events_once', 'by_status.events_variance', 'totals.events_once', 'totals.events_variance') ~ ')',
            at_most='1'
        ) }},

        ---------- flags
        {{ cast_to('by_status.events_sampled < ' ~ var('least_sampled'), 'boolean') }} as is_small_sample
    from by_status
    inner join {{ ref('int_consent__company_totals') }} as totals on by_status.company_id = totals.company_id
    left join {{ ref('dim_companies') }} as companies on by_status.company_id = companies.company_id
)

select * from final
