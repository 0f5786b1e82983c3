{%- set figures = [
    'design_effect', 'design_effect_without_largest_user', 'events_per_user_if_independent', 'events_weighted_once_se',
    'events_weighted_once_by_user_se',
] %}

with deliveries as (
    select
        company_id,
        event_type,
        min(_delivery_id) as first_of_cell,
        max(_delivery_id) as last_of_cell
    from {{ ref('fct_consent_events') }}
    group by company_id, event_type
),

by_user as (
    select
        effects.company_id,
        effects.event_type,
        effects.company_id || '|' || effects.event_type as company_and_type,
        effects.events_sampled,
        effects.users_sampled,
        effects.users_seen_again,
        {%- for figure in figures %}
        {{ share_of(cast_to('1', 'money'), cast_to('floor(100 * effects.' ~ figure ~ ')', 'integer'), '100') }} as {{ figure }},
        {%- endfor %}
        deliveries.first_of_cell,
        deliveries.last_of_cell
    from {{ ref('agg_consent_design_effects') }} as effects
    inner join deliveries
        on
            effects.company_id = deliveries.company_id
            and effects.event_type = deliveries.event_type
    where
        effects.events_weighted_once_by_user_se is not null
        and effects.users_seen_again >= {{ var('dq_least_users') }}
        and effects.design_effect_without_largest_user >= {{ to_double(var('dq_design_effect')) }}
        and effects.events_per_user_if_independent >= {{ to_double(var('dq_events_per_user')) }}
)

{{ findings(
    'by_user', key='company_and_type',
    observed=number_text('users_seen_again') ~ " || ' of ' || " ~ number_text('users_sampled') ~ " || ' users stored again'",
    expected="'fewer, were events drawn by themselves'", records='events_sampled',
    numbers=['events_sampled', 'users_sampled', 'users_seen_again'] + figures, texts=['company_id', 'event_type'],
    first='first_of_cell', last='last_of_cell'
) }}
