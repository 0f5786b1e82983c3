with deliveries as (
    select
        *,
        row_number() over (partition by source order by delivery_id desc) as recency
    from {{ ref('rpt_quality_deliveries') }}
),

delivered as (
    select
        source,
        source_label,
        count(*) as delivery_count,
        max(delivered_at) as last_at,
        sum(case when recency = 1 then records_read else 0 end) as last_records,
        sum(records_read) as read_count,
        sum(records_unaccounted) as unaccounted_count,
        count(*) filter (where brings_later_day) as advance_count,
        {{ median('case when brings_later_day then days_behind end') }} as usual_days_behind
    from deliveries
    group by source, source_label
),

judged as (
    select
        source,
        min(case when is_in_period then event_date end) as first_day,
        max(case when is_in_period then event_date end) as last_day,
        count(*) filter (where is_in_period and events > 0) as filled_days,
        {{ median('case when is_in_period and events > 0 then events end') }} as usual_events,
        sum(events) as event_count,
        sum(open_errors) as errors_count,
        sum(open_warnings) as warnings_count,
        sum(open_information) as information_count,
        sum(closed_findings) as closed_count,
        sum(case when events > 0 then events_at_fault else 0 end) as at_fault_count,
        sum(impact_amount) as amount,
        max(impact_currency) as currency
    from {{ ref('rpt_quality_scorecard') }}
    group by source
),

shown as (
    {{ headlines(judged_sources()) }}
),

measured as (
    select
        delivered.source as source,
        case
            when judged.usual_events >= {{ var('dq_least_records') }}
                then date_diff('day', judged.first_day, judged.last_day) + 1 - judged.filled_days
            else 0
        end as empty_days,
        date_diff('day', judged.last_day, {{ cast_to('delivered.last_at', 'date') }}) as days_behind,
        case
            when delivered.advance_count >= {{ var('dq_least_peers') }} then ceil(coalesce(delivered.usual_days_behind, 0))
        end as usual_days
    from delivered
    left join judged on delivered.source = judged.source
),

final as (
    select
        ---------- system
        delivered.source as source,
        delivered.source_label as label,
        {{ cast_to("coalesce(shown.headline_name, 'Events')", 'text') }} as headline_name,
        {{ cast_to(
            'coalesce(shown.headline_value, ' ~ fixed_text('coalesce(judged.event_count, 0)', 0) ~ ')', 'text'
        ) }} as headline_value,
        judged.first_day,
        judged.last_day,
        {{ cast_to('delivered.last_at', 'timestamp') }} as last_delivery_at,
        {{ cast_to('delivered.last_records', 'integer') }} as last_delivery_records,
        {{ cast_to('delivered.delivery_count', 'integer') }} as deliveries,

        ---------- is it complete
        {{ cast_to('delivered.read_count', 'integer') }} as records_read,
        {{ cast_to('delivered.unaccounted_count', 'integer') }} as records_unaccounted,
        {{ cast_to('coalesce(measured.empty_days, 0)', 'integer') }} as days_without_events,
        {{ cast_to(
            'delivered.unaccounted_count = 0 and coalesce(measured.empty_days, 0) = 0', 'boolean'
        ) }} as is_complete,

        ---------- is it right
        {{ cast_to('coalesce(judged.event_count, 0)', 'integer') }} as events,
        {%- for finding in ['errors', 'warnings', 'information'] %}
        {{ cast_to('coalesce(judged.' ~ finding ~ '_count, 0)', 'integer') }} as open_{{ finding }},
        {%- endfor %}
        {{ cast_to('coalesce(judged.closed_count, 0)', 'integer') }} as closed_findings,
        1 - {{ ratio('judged.at_fault_count', 'judged.event_count') }} as share_without_fault,
        {{ cast_to('coalesce(judged.amount, 0)', 'money') }} as impact_amount,
        {{ cast_to('judged.currency', 'text_nullable') }} as impact_currency,
        {{ cast_to('coalesce(judged.errors_count, 0) = 0', 'boolean') }} as is_right,

        ---------- is it on time
        {{ cast_to('measured.days_behind', 'integer_nullable') }} as days_behind,
        {{ cast_to('measured.usual_days', 'integer_nullable') }} as usual_days_behind,
        {{ cast_to(
            'case when measured.days_behind > measured.usual_days then measured.days_behind - measured.usual_days '
            ~ 'when measured.usual_days is not null then 0 end', 'integer_nullable'
        ) }} as days_late,
        {{ cast_to('measured.days_behind <= measured.usual_days', 'boolean_nullable') }} as is_on_time
    from delivered
    left join judged on delivered.source = judged.source
    left join shown on delivered.source = shown.source
    left join measured on delivered.source = measured.source
)

select * from final
