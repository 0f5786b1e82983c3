{%- set days = incremental_by_day(touches='int_consent__delivery_touches', order_by=['company_id', 'event_at']) %}

with latest as (
    {{ latest_states(ref('stg_consent__events'), ref('int_consent__delivery_touches'), days) | indent(4) }}
),

{{ weighted_records('latest') }},

final as (
    select
        ---------- ids
        {{ cast_to('weighted.event_id', 'text') }} as event_id,
        weighted.event_type,
        weighted.company_id,
        weighted.user_key,

        ---------- sampling
        {{ cast_to('weighted.sampling_rate', 'weight') }} as sampling_rate,
        weighted.event_count,
        {{ cast_to('weighted.stored_count', 'integer') }} as events_stored,
        {%- for measure, expression in weighted_measures('weighted').items() %}
        {{ cast_to(expression, 'weight') }} as {{ measure }},
        {%- endfor %}

        ---------- consent
        weighted.consent_status,
        weighted.parameters,
        weighted.choice_created_at,
        weighted.choice_updated_at,

        ---------- who and where
        weighted.sdk_type,
        weighted.domain,
        weighted.deployment_id,
        weighted.country_code,
        weighted.region,
        weighted.browser_family,
        weighted.device_type,

        ---------- timestamps
        {{ cast_to('weighted.event_at', 'timestamp') }} as event_at,
        {{ cast_to('weighted.event_date', 'date') }} as event_date,
        weighted.window_start,

        ---------- delivery
        {{ cast_to('weighted.first_delivery_id', 'category') }} as first_delivery_id,
        weighted._delivery_id,
        weighted._source_file,
        weighted._source_row,
        {{ cast_to('event_days._day_version', 'category') }} as _day_version
    from weighted
    inner join {{ days_of(touches='int_consent__delivery_touches') }} as event_days
        on weighted.event_date = event_days.event_date
)

select * from final
