{%- set volumes = ['events', 'consent_asked', 'consent_given', 'pageview', 'ui_action'] %}
{%- set definitions = ['first_later_given', 'next_event_is_given', 'given_within_session', 'created_to_updated'] %}

with companies as (
    select company_id from {{ ref('dim_companies') }}
    union distinct
    select {{ cast_to('company_id', 'text') }} as company_id from {{ ref('int_consent__company_totals') }}
),

joined as (
    select
        companies.company_id as company_id,
        attributes.industry_back,
        attributes.industry_front,
        attributes.hq_country,
        attributes.company_id is not null as is_listed,
        totals.first_at,
        totals.last_at,
        {%- for volume in volumes + ['opt_ins', 'choices'] %}
        {%- for measure in ['sampled', 'once', 'brief', 'variance'] %}
        coalesce(totals.{{ volume }}_{{ measure }}, 0) as {{ volume }}_{{ measure }},
        {%- endfor %}
        {%- endfor %}
        coalesce(countries.seen, 0) as countries_seen,
        coalesce(countries.unseen, 0) as countries_unseen,
        coalesce(countries.unseen_variance, 0) as countries_variance
    from companies
    left join {{ ref('dim_companies') }} as attributes on companies.company_id = attributes.company_id
    left join {{ ref('int_consent__company_totals') }} as totals on companies.company_id = totals.company_id
    left join {{ ref('int_consent__company_countries') }} as countries on companies.company_id = countries.company_id
),

estimated as (
    select
        *,
        {{ ratio('consent_given_once', 'consent_asked_once') }} as conversion,
        {{ ratio('consent_given_brief', 'consent_asked_brief') }} as conversion_brief,
        {{ ratio('opt_ins_once', 'consent_asked_once') }} as opt_in,
        {{ ratio('opt_ins_once', 'choices_once') }} as consent,
        sqrt({{ ratio_variance('consent_given_once', 'consent_given_variance', 'consent_asked_once', 'consent_asked_variance') }}) as conversion_error,
        sqrt({{ ratio_variance('opt_ins_once', 'opt_ins_variance', 'consent_asked_once', 'consent_asked_variance') }}) as opt_in_error,
        sqrt({{ share_variance('opt_ins_once', 'opt_ins_variance', 'choices_once', 'choices_variance') }}) as consent_error,
        {{ unseen_kinds_reach('countries_unseen', 'countries_variance') }} as countries_reach
    from joined
),

final as (
    select
        ---------- company
        {{ cast_to('estimated.company_id', 'text') }} as company_id,
        estimated.industry_back,
        estimated.industry_front,
        estimated.hq_country,
        {{ cast_to('estimated.is_listed', 'boolean') }} as is_listed,
        {{ cast_to('estimated.first_at', 'timestamp_nullable') }} as first_event_at,
        {{ cast_to('estimated.last_at', 'timestamp_nullable') }} as last_event_at,

        ---------- volumes: stored, weighted once, extrapolated by the brief
        {%- for volume in volumes %}
        {{ volume_columns(volume, 'estimated.' ~ volume) }},
        {%- endfor %}

        ---------- rates
        estimated.conversion_brief as conversion_rate,
        {{ error_columns('conversion_rate', 'estimated.conversion_brief', "estimated.conversion_error * " ~ ratio('estimated.conversion_brief', 'estimated.conversion')) }},
        estimated.conversion as conversion_rate_weighted_once,
        {{ error_columns('conversion_rate_weighted_once', 'estimated.conversion', 'estimated.conversion_error') }},
        {{ cast_to('estimated.consent_given_sampled + estimated.consent_asked_sampled', 'integer') }} as conversion_rate_n_sampled,
        estimated.opt_in as opt_in_rate,
        {{ error_columns('opt_in_rate', 'estimated.opt_in', 'estimated.opt_in_error') }},
        {{ cast_to('estimated.opt_ins_sampled + estimated.consent_asked_sampled', 'integer') }} as opt_in_rate_n_sampled,
        estimated.consent as consent_rate,
        {{ error_columns('consent_rate', 'estimated.consent', 'estimated.consent_error', at_most='1') }},
        {{ cast_to('estimated.choices_sampled', 'integer') }} as consent_rate_n_sampled,

        ---------- countries: seen, and those that the rare ones point to
        {{ cast_to('estimated.countries_seen', 'integer') }} as distinct_countries,
        {{ to_double('estimated.countries_seen') }} + estimated.countries_unseen as distinct_countries_estimated,
        sqrt({{ to_double('estimated.countries_variance') }}) as distinct_countries_se,
        {{ to_double('estimated.countries_seen') }} + estimated.countries_unseen / estimated.countries_reach as distinct_countries_low,
        {{ to_double('estimated.countries_seen') }} + estimated.countries_unseen * estimated.countries_reach as distinct_countries_high,

        ---------- seconds from notice to answer
        {%- for definition in definitions %}
        {{ definition }}.coverage as {{ definition }}_coverage,
        {{ definition }}.median_seconds as {{ definition }}_median_seconds,
        {{ definition }}.mean_seconds as {{ definition }}_mean_seconds,
        {%- endfor %}

        ---------- flags
        {{ cast_to('estimated.events_sampled > 0 and estimated.events_sampled < ' ~ var('least_sampled'), 'boolean') }} as is_small_sample
    from estimated
    {%- for definition in definitions %}
    left join {{ ref('agg_consent_time_to_given') }} as {{ definition }}
        on
            estimated.company_id = {{ definition }}.company_id
            and {{ definition }}.definition = '{{ definition }}'
    {%- endfor %}
)

select * from final
