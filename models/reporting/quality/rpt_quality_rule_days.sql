with days as (
    select
        rule_id,
        event_date as day,
        count(*) as found
    from {{ ref('fct_dq_findings') }}
    where
        is_open
        and event_date is not null
    group by rule_id, event_date
),

final as (
    select
        rule_id,
        {{ cast_to('day', 'date') }} as event_date,
        {{ cast_to('found', 'integer') }} as open_findings
    from days
)

select * from final
