with findings as (
    select * from {{ ref('rpt_quality_findings') }}
),

found as (
    select
        rule_id,
        count(*) filter (where is_open) as open_count,
        count(*) filter (where is_open and is_acknowledged) as acknowledged_count,
        count(*) filter (where not is_open) as closed_count,
        sum(case when is_open then record_count else 0 end) as records,
        sum(case when is_open then abs(impact_amount) end) as amount,
        max(case when is_open then impact_currency end) as currency,
        min(case when is_open then event_date end) as earliest_day,
        max(case when is_open then event_date end) as latest_day
    from findings
    group by rule_id
),

examples as (
    select * from findings
    where
        is_open
        and place = 1
),

final as (
    select
        ---------- rule
        rules.rule_id as rule_id,
        rules.source as source,
        {{ cast_to(source_label('rules.source'), 'text') }} as source_label,
        rules.entity as entity,
        rules.title as title,
        rules.why as why,
        rules.severity as severity,
        rules.action as pipeline_action,
        rules.owner as owner,
        rules.fix as fix,

        ---------- the finding with the most money, or records, as an example
        {%- for name, column in {
            'key': 'finding_key', 'observed': 'observed', 'expected': 'expected', 'evidence': 'evidence'
        }.items() %}
        {{ cast_to('examples.' ~ column, 'text_nullable') }} as example_{{ name }},
        {%- endfor %}

        ---------- what it found
        {{ urgency('found.amount', 'rules.severity', 'found.records', 'rules.rule_id') }} as place,
        {{ cast_to('coalesce(found.open_count, 0)', 'integer') }} as open_findings,
        {{ cast_to('coalesce(found.acknowledged_count, 0)', 'integer') }} as acknowledged_findings,
        {{ cast_to('coalesce(found.closed_count, 0)', 'integer') }} as closed_findings,
        {{ cast_to('coalesce(found.records, 0)', 'integer') }} as records,
        {{ cast_to('found.amount', 'money_nullable') }} as impact_amount,
        {{ cast_to('found.currency', 'text_nullable') }} as impact_currency,
        {{ cast_to('found.earliest_day', 'date_nullable') }} as first_day,
        {{ cast_to('found.latest_day', 'date_nullable') }} as last_day
    from {{ ref('dim_dq_rules') }} as rules
    left join found on rules.rule_id = found.rule_id
    left join examples on rules.rule_id = examples.rule_id
)

select * from final
