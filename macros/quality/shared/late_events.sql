{#
    Events that first arrive after their day was published. A day is published by the first delivery after its end that
    has an event of the day (of the same member of `by`, such as a company). One finding per delivery, member and day.
    events is a staging model, fact the fact that shows each event once, with first_delivery_id.
#}
{% macro rule_late_events(events, fact, by=none, impact=none) -%}
{%- set member = "coalesce(" ~ by ~ ", '')" if by else "''" -%}
with published as (
    select
        event_date,
        {{ cast_to(member, 'text') }} as member,
        min(_delivery_id) as published_by
    from {{ events }}
    where
        set_aside_reason is null
        and _delivered_at >= {{ cast_to('event_date', 'timestamp_nullable') }} + interval 1 day
    group by event_date, {{ cast_to(member, 'text') }}
),

first_seen as (
    select
        event_date,
        {{ cast_to(member, 'text') }} as member,
        {{ cast_to('first_delivery_id', 'text') }} as first_delivery,
        count(*) as event_count,
        {{ 'sum(' ~ impact ~ ')' if impact else 'null' }} as amount
    from {{ fact }}
    group by event_date, {{ cast_to(member, 'text') }}, {{ cast_to('first_delivery_id', 'text') }}
),

late as (
    select
        first_seen.event_date as event_date,
        first_seen.first_delivery as late_delivery,
        first_seen.event_count as event_count,
        first_seen.amount as amount,
        first_seen.member as member,
        {{ cast_to('published.published_by', 'text') }} as published_by,
        first_seen.first_delivery || '|' || {{ "first_seen.member || '|' || " if by }}{{ cast_to('first_seen.event_date', 'text') }}
            as late_key
    from first_seen
    inner join published
        on
            first_seen.event_date = published.event_date
            and first_seen.member = published.member
    where first_seen.first_delivery > {{ cast_to('published.published_by', 'text') }}
)

{{ findings(
    'late', rule='late_events', key='late_key', day='event_date', observed=cast_to('event_count', 'text') ~ " || ' events'",
    expected="'none once the day was published'", records='event_count', impact='amount',
    texts=['published_by'] + (['member'] if by else []), first='late_delivery', last='late_delivery'
) }}
{%- endmacro %}
