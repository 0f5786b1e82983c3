with contradictions as (
    select
        events.*,
        choices.implied_status,
        choices.purposes_enabled,
        choices.purposes_disabled,
        choices.vendors_enabled,
        choices.vendors_disabled
    from {{ ref('fct_consent_events') }} as events
    inner join {{ ref('int_consent__choice_counts') }} as choices on events.event_id = choices.event_id
    where coalesce(events.consent_status, '') <> choices.implied_status
),

final as (
    select
        {{ cast_to("'consent_status_contradicts_choices'", 'text') }} as rule_id,
        {{ cast_to("'consent'", 'text') }} as source,
        {{ cast_to("'events'", 'text') }} as entity,
        {{ cast_to("'record'", 'text') }} as scope,
        {{ cast_to('event_id', 'text') }} as finding_key,
        {{ cast_to('event_date', 'date_nullable') }} as event_date,
        {{ cast_to("'warning'", 'text') }} as severity,
        {{ cast_to('consent_status', 'text_nullable') }} as observed,
        {{ cast_to('implied_status', 'text_nullable') }} as expected,
        {{ cast_to('1', 'integer') }} as record_count,
        {{ cast_to('null', 'money_nullable') }} as impact_usd,
        {{ cast_to(json_numbers([
            'purposes_enabled', 'purposes_disabled', 'vendors_enabled', 'vendors_disabled'
        ]), 'text') }} as evidence,
        {{ cast_to('_delivery_id', 'text_nullable') }} as _delivery_id
    from contradictions
)

select * from final
