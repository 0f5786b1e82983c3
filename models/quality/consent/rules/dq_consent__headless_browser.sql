with robots as (
    select * from {{ ref('stg_consent__events') }}
    where
        set_aside_reason is null
        and {{ matches(lower_text(cast_to('browser_family', 'text_nullable')), var('dq_robot_user_agents')) }}
)

{{ findings_of_records('robots', observed='browser_family', expected="'a browser with a window'", texts=['company_id']) }}
