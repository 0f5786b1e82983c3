{%- set statuses = ['full opt-in', 'partial opt-in', 'opt-out'] %}

with statuses as (
    select * from {{ ref('agg_consent_status') }}
    where consent_given_sampled > 0
),

final as (
    select
        ---------- company and status
        company_id,
        {{ cast_to('coalesce(industry_front, industry_back)', 'text_nullable') }} as industry,
        hq_country,
        {{ cast_to('consent_status', 'text_nullable') }} as consent_status,
        {{ cast_to(
            'case when ' ~ in_list('consent_status', statuses) ~ " then consent_status else 'other' end", 'text'
        ) }} as status_group,

        ---------- choices with the status
        {{ reported_rate(
            'share_of_choices', 'share_of_given_weighted_once', 'share_of_given_weighted_once_se', at_most='1'
        ) }},
        {{ precision_of(
            'share_of_given_weighted_once', 'share_of_given_weighted_once_se', ['consent_given_weighted_once_se'],
            'no choice is stored'
        ) }} as share_of_choices_precision,
        consent_given_weighted_once as choices,
        case when consent_given_weighted_once_se > 0 then consent_given_weighted_once_low end as choices_low,
        case when consent_given_weighted_once_se > 0 then consent_given_weighted_once_high end as choices_high,
        consent_given_sampled as choices_stored,
        {{ cast_to(
            'sum(consent_given_sampled) over (partition by company_id) < ' ~ var('least_sampled'), 'boolean'
        ) }} as is_small_sample
    from statuses
)

select * from final
