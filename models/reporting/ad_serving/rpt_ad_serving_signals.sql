with combinations as (
    select
        parts,
        count(*) as event_count,
        count(*) filter (where traffic_class <> 'conspicuous') as invalid_count,
        {{ sum_where('revenue_usd', "traffic_class <> 'conspicuous'") }} as invalid_revenue
    from {{ ref('fct_ad_invalid_traffic') }}
    group by parts
),

carried as (
    select
        signals.rule_id as rule_id,
        sum(combinations.event_count) as event_count,
        sum(combinations.invalid_count) as invalid_count,
        sum(combinations.invalid_revenue) as invalid_revenue
    from {{ ref('invalid_traffic_signals') }} as signals
    cross join combinations
    where ',' || combinations.parts like '%,' || signals.rule_id || ' %'
    group by signals.rule_id
),

final as (
    select
        {{ cast_to('signals.rule_id', 'text') }} as rule_id,
        {{ cast_to('rules.title', 'text') }} as title,
        {{ cast_to('signals.traffic_class', 'text') }} as traffic_class,
        {{ cast_to('signals.points', 'integer') }} as points,
        {{ cast_to('coalesce(carried.event_count, 0)', 'integer') }} as events,
        {{ cast_to('coalesce(carried.invalid_count, 0)', 'integer') }} as events_invalid_or_suspect,
        {{ cast_to('coalesce(carried.invalid_revenue, 0)', 'money') }} as revenue_usd_invalid_or_suspect,
        {{ cast_to('signals.why', 'text') }} as why
    from {{ ref('invalid_traffic_signals') }} as signals
    inner join {{ ref('dim_dq_rules') }} as rules on signals.rule_id = rules.rule_id
    left join carried on signals.rule_id = carried.rule_id
)

select * from final
