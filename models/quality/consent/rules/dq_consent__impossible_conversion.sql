{%- set given, asked = 'consent_given_sampled', 'consent_asked_sampled' %}

with companies as (
    select * from {{ ref('agg_consent_company') }}
    where {{ given }} > 0
),

usual as (
    select
        {{ median(ratio(asked, given)) }} as asked_per_given,
        count(*) as peers
    from companies
    where {{ asked }} > 0
),

deliveries as (
    select
        company_id as delivered_company_id,
        min(_delivery_id) as first_of_company,
        max(_delivery_id) as last_of_company
    from {{ ref('fct_consent_events') }}
    group by company_id
),

impossible as (
    select
        companies.*,
        deliveries.first_of_company,
        deliveries.last_of_company
    from companies
    cross join usual
    inner join deliveries on companies.company_id = deliveries.delivered_company_id
    where
        companies.conversion_rate_weighted_once_low > 1
        or (
            companies.{{ asked }} = 0
            and usual.peers >= {{ var('dq_least_peers') }}
            and {{ falls_short('companies.' ~ asked, to_double('companies.' ~ given) ~ ' * usual.asked_per_given') }}
        )
)

{{ findings(
    'impossible', key='company_id', observed=number_text('consent_given_weighted_once') ~ " || ' choices'",
    expected="'at most ' || " ~ number_text('consent_asked_weighted_once') ~ " || ' notices'", records=given,
    numbers=[given, asked, 'consent_given_weighted_once', 'consent_asked_weighted_once'],
    texts=['company_id'], first='first_of_company', last='last_of_company'
) }}
