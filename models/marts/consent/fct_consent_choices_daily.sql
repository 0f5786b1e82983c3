{%- set days = incremental_by_day('fct_consent_choices', order_by=['kind', 'item_id', 'choice']) %}

with daily as (
    select
        event_date,
        company_id,
        country_code,
        device_type,
        kind,
        item_id,
        choice,
        count(*) as row_count,
        sum(events_weighted_once) as weighted_once,
        sum(variance_weighted_once) as variance,
        max(_day_version) as day_version
    from {{ ref('fct_consent_choices') }}
    where {{ in_days('event_date', days) }}
    group by event_date, company_id, country_code, device_type, kind, item_id, choice
),

final as (
    select
        event_date,
        company_id,
        country_code,
        device_type,
        kind,
        item_id,
        choice,
        {{ cast_to('row_count', 'integer') }} as events_sampled,
        {{ cast_to('weighted_once', 'weight') }} as events_weighted_once,
        {{ cast_to('variance', 'weight') }} as variance_weighted_once,
        {{ cast_to('day_version', 'category') }} as _day_version
    from daily
)

select * from final
