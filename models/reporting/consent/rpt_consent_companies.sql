with sums as (
    select
        totals.*,
        {{ consent_rates('totals') }}
    from {{ ref('int_consent__company_totals') }} as totals
),

final as (
    select
        ---------- company
        {{ cast_to('sums.company_id', 'text') }} as company_id,
        {{ cast_to('coalesce(companies.industry_front, companies.industry_back)', 'text_nullable') }} as industry,
        companies.hq_country as hq_country,
        {{ cast_to('companies.company_id is not null', 'boolean') }} as is_listed,
        {{ cast_to('sums.first_at', 'timestamp_nullable') }} as first_event_at,
        {{ cast_to('sums.last_at', 'timestamp_nullable') }} as last_event_at,

        ---------- rates to report, and the volumes behind them
        {{ reported_consent('sums') }},

        ---------- the reading of the sender
        {{ cast_to('sums.events_extrapolated', 'money') }} as events_by_count_and_rate,
        {{ cast_to('coalesce(countries.seen, 0)', 'integer') }} as countries
    from sums
    left join {{ ref('dim_companies') }} as companies on sums.company_id = companies.company_id
    left join {{ ref('int_consent__company_countries') }} as countries on sums.company_id = countries.company_id
)

select * from final
