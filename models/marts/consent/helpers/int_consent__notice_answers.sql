with events as (
    select
        company_id,
        user_key,
        event_id,
        event_type,
        event_at,
        lead({{ cast_to('event_type', 'text_nullable') }}) over next_event as next_type,
        lead({{ cast_to('event_at', 'timestamp_nullable') }}) over next_event as next_at
    from {{ ref('fct_consent_events') }}
    where
        company_id is not null
        and user_key is not null
    window next_event as (partition by company_id, user_key order by event_at, event_id)
),

asked as (
    select * from events
    where event_type = 'consent.asked'
),

given as (
    select * from events
    where event_type = 'consent.given'
),

first_answers as (
    select
        asked.event_id as event_id,
        min(given.event_at) as answered_at
    from asked
    inner join given
        on
            asked.company_id = given.company_id
            and asked.user_key = given.user_key
    where given.event_at >= asked.event_at
    group by asked.event_id
),

answers as (
    select
        asked.company_id as company_id,
        asked.event_id as event_id,
        asked.event_at as asked_at,
        date_diff('microsecond', asked.event_at, first_answers.answered_at) as micros_to_first_answer,
        case
            when asked.next_type = 'consent.given' then date_diff('microsecond', asked.event_at, asked.next_at)
        end as micros_to_next_event
    from asked
    left join first_answers on asked.event_id = first_answers.event_id
)

select * from answers
