{%- set definitions = {
    'first_later_given': 'micros_to_first_answer',
    'next_event_is_given': 'micros_to_next_event',
    'given_within_session': 'case when micros_to_first_answer <= ' ~ var('session_minutes') ~ ' * 60000000 then micros_to_first_answer end',
} %}

with waits as (
    {%- for name, micros in definitions.items() %}
    select
        company_id,
        '{{ name }}' as definition_name,
        {{ micros }} as micros
    from {{ ref('int_consent__notice_answers') }}
    union all
    {%- endfor %}
    select
        company_id,
        'created_to_updated' as definition_name,
        date_diff('microsecond', choice_created_at, choice_updated_at) as micros
    from {{ ref('fct_consent_events') }}
    where
        company_id is not null
        and event_type = 'consent.given'
),

summed as (
    select
        company_id,
        definition_name,
        count(*) as event_count,
        count(micros) as linked_count,
        {{ median('micros') }} as median_micros,
        {{ percentile('micros', 90) }} as percentile_90_micros,
        sum(micros) as sum_micros
    from waits
    group by company_id, definition_name
),

final as (
    select
        {{ cast_to('company_id', 'text') }} as company_id,
        {{ cast_to('definition_name', 'text') }} as definition,
        {{ cast_to('event_count', 'integer') }} as events_of_definition,
        {{ cast_to('linked_count', 'integer') }} as events_linked,
        {{ ratio('linked_count', 'event_count') }} as coverage_sampled,
        {{ ratio('median_micros', '1000000') }} as median_seconds,
        {{ ratio('percentile_90_micros', '1000000') }} as percentile_90_seconds,
        {{ ratio('sum_micros', 'linked_count * 1000000') }} as mean_seconds
    from summed
)

select * from final
