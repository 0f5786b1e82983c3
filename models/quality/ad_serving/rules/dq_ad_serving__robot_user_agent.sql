with robot_agents as (
    select user_agent
    from (select distinct user_agent from {{ ref('int_ad_serving__event_identities') }}) as agents
    where {{ matches(lower_text('user_agent'), var('dq_robot_user_agents')) }}
),

robots as (
    select * from {{ ref('int_ad_serving__event_identities') }}
    where user_agent in (select robot_agents.user_agent from robot_agents)
)

{{ findings_of_records('robots', observed='user_agent', impact='revenue_usd', texts=['user_id_hash', 'ip_prefix']) }}
