with runs as (
    select distinct
        _delivery_id,
        _delivered_at
    from {{ ref('stg_ad_delivery__extractions') }}
),

runs_before as (
    select
        _delivery_id,
        lag({{ cast_to('_delivered_at', 'date_nullable') }}) over (order by _delivery_id) as day_of_run_before
    from runs
),

{# a row that is new in a run was written after the previous run #}
distant as (
    select
        records.event_id as event_id,
        records.event_type as event_type,
        records.event_date as event_date,
        {{ cast_to('records._delivery_id', 'text') }} as _delivery_id,
        runs_before.day_of_run_before as day_of_run_before
    from {{ ref('int_ad_delivery__records') }} as records
    inner join runs_before on records._delivery_id = runs_before._delivery_id
    where
        records.operation = 'upsert'
        and records.event_date < runs_before.day_of_run_before - interval {{ var('dq_back_dated_days') }} day
),

first_seen as (
    select
        event_id,
        min({{ cast_to('_delivery_id', 'text') }}) as first_delivery
    from {{ ref('int_ad_delivery__records') }}
    where event_id in (select distant.event_id from distant)
    group by event_id
),

back_dated as (
    select
        distant.event_date as event_date,
        distant._delivery_id as _delivery_id,
        max(distant.day_of_run_before) as written_from,
        {{ cast_to('count(distinct distant.event_id)', 'integer') }} as events
    from distant
    inner join first_seen
        on
            distant.event_id = first_seen.event_id
            and distant._delivery_id = first_seen.first_delivery
    group by distant.event_date, distant._delivery_id
)

{{ findings(
    'back_dated', key="_delivery_id || '|' || " ~ cast_to('event_date', 'text'), day='event_date',
    observed=cast_to('events', 'text') ~ " || ' events written on ' || " ~ cast_to('written_from', 'text') ~ " || ' or later'",
    expected="'at most " ~ var('dq_back_dated_days') ~ " days before they are written'", records='events', numbers=['events']
) }}
