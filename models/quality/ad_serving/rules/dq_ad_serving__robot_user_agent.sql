with robots as (
    select * from {{ ref('int_ad_serving__event_identities') }}
    where {{ matches(lower_text('user_agent'), var('dq_robot_user_agents')) }}
)

{{ findings_of_records('robots', observed='user_agent', impact='revenue_usd', texts=['user_id_hash', 'ip_prefix']) }}
