with final as (
    select
        rule_id,
        event_date,
        {{ cast_to('count(*)', 'integer') }} as open_findings
    from {{ ref('fct_dq_findings') }}
    where
        is_open
        and event_date is not null
    group by rule_id, event_date
)

select * from final
