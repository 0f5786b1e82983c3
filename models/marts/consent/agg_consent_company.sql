{%- set volumes = ['events', 'consent_asked', 'consent_given', 'pageview', 'ui_action'] %}
{%- set definitions = ['first_later_given', 'next_event_is_given', 'given_within_session', 'created_to_updated'] %}

with final as (
    select
        ---------- company
        {{ cast_to('totals.company_id', 'text') }} as company_id,
        listed.industry_back,
        listed.industry_front,
        listed.hq_country,
        {{ cast_to('listed.company_id is not null', 'boolean') }} as is_listed,
        {{ cast_to('totals.first_at', 'timestamp_nullable') }} as first_event_at,
        {{ cast_to('totals.last_at', 'timestamp_nullable') }} as last_event_at,

        ---------- volumes: stored, weighted once, extrapolated as the sender specifies
        {%- for volume in volumes %}
        {{ volume_columns(volume, 'totals.' ~ volume) }},
        {%- endfor %}

        ---------- rates: the one to report first
        {{ estimated_rate_columns('conversion_rate_weighted_once', 'rates') }},
        {{ estimated_rate_columns('conversion_rate_extrapolated', 'rates') }},
        {{ cast_to('coalesce(rates.conversion_rate_n_sampled, 0)', 'integer') }} as conversion_rate_n_sampled,
        {{ estimated_rate_columns('opt_in_rate_weighted_once', 'rates') }},
        {{ cast_to('coalesce(rates.opt_in_rate_n_sampled, 0)', 'integer') }} as opt_in_rate_n_sampled,
        {{ estimated_rate_columns('consent_rate_weighted_once', 'rates', at_most='1') }},
        {{ cast_to('coalesce(rates.consent_rate_n_sampled, 0)', 'integer') }} as consent_rate_n_sampled,

        ---------- countries: seen, and those that the rare ones point to
        {{ cast_to('coalesce(countries.seen, 0)', 'integer') }} as distinct_countries,
        {{ to_double('coalesce(countries.estimated, 0)') }} as distinct_countries_estimated,
        {{ to_double('coalesce(countries.error, 0)') }} as distinct_countries_se,
        {{ to_double('coalesce(countries.low, 0)') }} as distinct_countries_low,
        {{ to_double('coalesce(countries.high, 0)') }} as distinct_countries_high,

        ---------- seconds from notice to answer
        {%- for definition in definitions %}
        {{ definition }}.coverage_sampled as {{ definition }}_coverage_sampled,
        {{ definition }}.median_seconds as {{ definition }}_median_seconds,
        {{ definition }}.mean_seconds as {{ definition }}_mean_seconds,
        {%- endfor %}

        ---------- flags
        {{ cast_to('totals.events_sampled between 1 and ' ~ (var('least_sampled') - 1), 'boolean') }} as is_small_sample
    from {{ ref('int_consent__company_totals') }} as totals
    left join {{ ref('dim_companies') }} as listed on totals.company_id = listed.company_id
    left join {{ ref('int_consent__company_rates') }} as rates on totals.company_id = rates.company_id
    left join {{ ref('int_consent__company_countries') }} as countries on totals.company_id = countries.company_id
    {%- for definition in definitions %}
    left join {{ ref('agg_consent_time_to_given') }} as {{ definition }}
        on
            totals.company_id = {{ definition }}.company_id
            and {{ definition }}.definition = '{{ definition }}'
    {%- endfor %}
)

select * from final
