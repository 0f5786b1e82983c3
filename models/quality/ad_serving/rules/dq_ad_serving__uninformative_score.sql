with machine_days as (
    select finding_key from {{ ref('dq_ad_serving__concentrated_identity') }}
    union distinct
    select finding_key from {{ ref('dq_ad_serving__flat_day') }}
),

machines as (
    select finding_key as event_id from {{ ref('dq_ad_serving__robot_user_agent') }}
    union distinct
    select event_id from {{ ref('int_ad_serving__event_identities') }}
    where user_id_hash || '|' || {{ cast_to('event_date', 'text') }} in (select machine_days.finding_key from machine_days)
),

by_score as (
    select
        publisher_id,
        placement_quality_score,
        {{ cast_to('count(*)', 'integer') }} as events,
        {{ cast_to('count(*) filter (where event_id in (select machines.event_id from machines))', 'integer') }} as of_machines,
        min(first_delivery_id) as first_of_score,
        max(_delivery_id) as last_of_score
    from {{ ref('fct_ad_events') }}
    where
        publisher_id is not null
        and placement_quality_score between 0 and 1
    group by publisher_id, placement_quality_score
),

ranked as (
    select
        *,
        events - of_machines as of_people,
        sum(events - of_machines) over (partition by publisher_id order by placement_quality_score) as of_people_up_to_here
    from by_score
),

{# the pairs of a machine and a person in which the machine scores higher, plus half of the ties; doubled #}
compared as (
    select
        publisher_id,
        {{ cast_to('sum(of_machines)', 'integer') }} as machine_events,
        {{ cast_to('sum(of_people)', 'integer') }} as people_events,
        {{ cast_to('sum(of_machines * (2 * of_people_up_to_here - of_people))', 'integer') }} as pairs_won_twice,
        min(first_of_score) as first_of_cell,
        max(last_of_score) as last_of_cell
    from ranked
    group by publisher_id
    having sum(of_machines) > 0 and sum(of_people) > 0
),

measured as (
    select
        *,
        {{ share_of(cast_to('1', 'money'), 'pairs_won_twice', '(2 * machine_events * people_events)') }} as share_won,
        {{ var('confidence_z') }} * sqrt(
            {{ to_double('machine_events + people_events + 1') }}
            / (12 * {{ to_double('machine_events') }} * {{ to_double('people_events') }})
        ) as margin_of_error
    from compared
),

uninformative as (
    select * from measured
    where abs({{ to_double('share_won') }} - 0.5) + margin_of_error < {{ var('dq_score_advantage') }}
)

{{ findings(
    'uninformative', key='publisher_id', observed=number_text('share_won'),
    expected="'further than " ~ var('dq_score_advantage') ~ " from 0.5'", records='machine_events',
    numbers=['share_won', 'machine_events', 'people_events'], texts=['publisher_id'], first='first_of_cell', last='last_of_cell'
) }}
