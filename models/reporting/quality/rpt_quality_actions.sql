with to_do as (
    select
        rule_id,
        count(*) as finding_count,
        sum(record_count) as records_found,
        sum(abs(impact_amount)) as amount,
        max(impact_currency) as currency,
        min(event_date) as earliest_day,
        max(event_date) as latest_day
    from {{ ref('fct_dq_findings') }}
    where
        is_open
        and not is_acknowledged
        and severity in ('error', 'warning')
    group by rule_id
),

final as (
    select
        {{ urgency('to_do.amount', 'rules.severity', 'to_do.records_found', 'to_do.rule_id') }} as rank,
        rules.source as source,
        {{ cast_to(source_label('rules.source'), 'text') }} as source_label,
        rules.rule_id as rule_id,
        rules.title as title,
        rules.fix as action,
        rules.owner as owner,
        rules.severity as severity,
        {{ cast_to('to_do.finding_count', 'integer') }} as findings,
        {{ cast_to('to_do.records_found', 'integer') }} as records,
        {{ cast_to('to_do.amount', 'money_nullable') }} as impact_amount,
        {{ cast_to('to_do.currency', 'text_nullable') }} as impact_currency,
        {{ cast_to('to_do.earliest_day', 'date_nullable') }} as first_day,
        {{ cast_to('to_do.latest_day', 'date_nullable') }} as last_day
    from to_do
    inner join {{ ref('dim_dq_rules') }} as rules on to_do.rule_id = rules.rule_id
)

select * from final
