with versions as (
    select
        event_date,
        _day_version as of_events,
        {{ cast_to("''", 'text') }} as of_diagnostics
    from {{ days_of(parent='fct_ad_events') }} as event_days
    union all
    select
        event_date,
        {{ cast_to("''", 'text') }} as of_events,
        {{ md5_text(ordered_text_agg(cast_to('_delivery_id', 'text'))) }} as of_diagnostics
    from {{ ref('int_ad_serving__diagnostic_touches') }}
    group by event_date
),

identity_days as (
    select
        event_date,
        max(of_events) || ' ' || max(of_diagnostics) as _day_version
    from versions
    group by event_date
    having max(of_events) <> ''
)

select * from identity_days
