-- Figures are wrong until somebody acts: one row per rule of severity error that has open findings. It warns, and does not block.
{{ config(severity='warn', tags=['quality']) }}

select
    rule_id,
    count(*) as open_findings,
    sum(record_count) as records_found,
    sum(impact_usd) as dollars_at_stake
from {{ ref('fct_dq_findings') }}
where
    is_open
    and severity = 'error'
group by rule_id
