{%- set told = ratio('with_user', 'row_count') %}
{%- set error_by_user = 'case when ' ~ told ~ ' >= ' ~ to_double(var('least_share_with_user')) ~ ' then sqrt('
    ~ to_double('volume_variance_by_user') ~ ') end' %}

{# a record of several stored events, or one without a user, does not tell who else was drawn #}
with weights as (
    select
        company_id,
        event_type,
        case when events_stored = 1 then user_key end as known_user,
        {{ cast_to('round(' ~ inverse_of('sampling_rate') ~ ', 6)', 'money') }} as weight,
        {{ cast_to('count(*)', 'integer') }} as stored_rows,
        {{ cast_to('sum(events_stored)', 'integer') }} as stored_count,
        sum(variance_weighted_once) as event_variance
    from {{ ref('fct_consent_events') }}
    where
        company_id is not null
        and event_type is not null
    group by company_id, event_type, known_user, weight
),

ordered as (
    select
        *,
        {{ cast_to('sum(stored_count) over up_to_here', 'integer') }} as stored_so_far
    from weights
    window up_to_here as (
        partition by company_id, event_type, known_user order by weight
        rows between unbounded preceding and current row
    )
),

users as (
    select
        company_id,
        event_type,
        known_user,
        sum(stored_rows) as user_rows,
        sum(stored_count) as user_stored,
        sum(event_variance) as user_event_variance,
        sum(stored_count * weight) as user_total,
        sum(stored_count * weight * weight) as user_squares,
        {{ larger_weights('weight', 'stored_count', 'stored_so_far') }} as user_overlap
    from ordered
    group by company_id, event_type, known_user
),

drawn as (
    select
        *,
        case when known_user is null then user_event_variance else user_total * user_total - user_overlap end as user_variance,
        case when known_user is null then 0 else user_total * user_total - user_squares end as user_pairs
    from users
),

volumes as (
    select
        company_id,
        event_type,
        sum(user_rows) as row_count,
        sum(case when known_user is null then 0 else user_rows end) as with_user,
        count(known_user) as user_count,
        count(*) filter (where known_user is not null and user_stored > 1) as users_again,
        sum(user_stored) as volume_sampled,
        {{ cast_to('round(sum(user_total), 6)', 'money') }} as volume_once,
        {{ cast_to('round(sum(user_event_variance), 6)', 'money') }} as volume_variance,
        {{ cast_to('round(sum(user_variance), 6)', 'money') }} as volume_variance_by_user,
        {{ cast_to('round(max(user_variance - user_event_variance), 6)', 'money') }} as most_of_one_user,
        {{ cast_to('round(sum(user_pairs), 6)', 'money') }} as pairs
    from drawn
    group by company_id, event_type
    having sum(user_event_variance) > 0
),

final as (
    select
        {{ cast_to('company_id', 'text') }} as company_id,
        {{ cast_to('event_type', 'text') }} as event_type,

        ---------- evidence
        {{ cast_to('row_count', 'integer') }} as events_sampled,
        {{ cast_to('user_count', 'integer') }} as users_sampled,
        {{ cast_to('users_again', 'integer') }} as users_seen_again,
        {{ told }} as share_with_user_sampled,

        ---------- the total, and its error were events drawn, or users
        volume_once as events_weighted_once,
        {{ weighted_once_errors('events_weighted_once', 'volume') }},
        {{ error_columns('events_weighted_once_by_user', 'volume_once', error_by_user, at_least='volume_sampled') }},

        ---------- how far the two are apart
        {{ ratio('volume_variance_by_user', 'volume_variance') }} as design_effect,
        {{ ratio('volume_variance_by_user - most_of_one_user', 'volume_variance') }} as design_effect_without_largest_user,
        1 + {{ ratio('pairs', 'volume_once') }} as events_per_user_if_independent
    from volumes
)

select * from final
