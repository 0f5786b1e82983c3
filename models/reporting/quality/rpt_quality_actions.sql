with to_do as (
    select * from {{ ref('rpt_quality_rules') }}
    where
        open_findings > 0
        and severity in ('error', 'warning')
),

final as (
    select
        {{ cast_to(
            "row_number() over (order by coalesce(impact_amount, 0) desc, severity, records desc, rule_id)", 'integer'
        ) }} as rank,
        source,
        source_label,
        rule_id,
        title,
        fix as action,
        owner,
        severity,
        open_findings as findings,
        records,
        impact_amount,
        impact_currency,
        first_day,
        last_day
    from to_do
)

select * from final
