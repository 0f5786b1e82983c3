with answers as (
    select
        company_id,
        definition,
        events_of_definition as event_count,
        events_linked as linked_count,
        median_seconds,
        percentile_90_seconds
    from {{ ref('agg_consent_time_to_given') }}
),

final as (
    select
        ---------- company and definition
        answers.company_id as company_id,
        {{ cast_to('coalesce(companies.industry_front, companies.industry_back)', 'text_nullable') }} as industry,
        answers.definition as definition,
        {{ cast_to("case answers.definition
            when 'first_later_given' then 'notice to the next choice of the user'
            when 'next_event_is_given' then 'notice to a choice that is the next stored event'
            when 'given_within_session' then 'notice to the next choice within " ~ var('session_minutes') ~ " minutes'
            when 'created_to_updated' then 'first to last change of the choice, as it says itself'
            else answers.definition
        end", 'text') }} as definition_label,

        ---------- seconds, and of how many events they are
        answers.median_seconds,
        answers.percentile_90_seconds,
        {{ ratio('answers.linked_count', 'answers.event_count') }} as coverage,
        {{ wilson_columns('coverage', 'answers.linked_count', 'answers.event_count') }},
        answers.event_count as events_stored,
        answers.linked_count as events_linked
    from answers
    left join {{ ref('dim_companies') }} as companies on answers.company_id = companies.company_id
)

select * from final
