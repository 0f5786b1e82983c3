with signals as (
    select
        signals.event_id as event_id,
        signals.rule_id as rule_id,
        weights.traffic_class as traffic_class,
        weights.points as points
    from {{ ref('int_ad_serving__traffic_signals') }} as signals
    inner join {{ ref('invalid_traffic_signals') }} as weights on signals.rule_id = weights.rule_id
),

scores as (
    select
        event_id,
        sum(points) as score,
        count(*) filter (where traffic_class = 'general') as general_signals,
        {{ ordered_text_agg("rule_id || ' ' || " ~ cast_to('points', 'text')) }} as parts
    from signals
    group by event_id
),

final as (
    select
        events.event_id as event_id,
        events.event_type as event_type,
        events.event_date as event_date,
        events.publisher_id as publisher_id,
        events.campaign_id as campaign_id,
        {{ cast_to("case
            when scores.general_signals > 0 then 'general_invalid'
            when scores.score >= " ~ var('suspect_score') ~ " then 'suspect'
            else 'conspicuous'
        end", 'text') }} as traffic_class,
        {{ cast_to('scores.score', 'integer') }} as score,
        {{ cast_to('scores.parts', 'text') }} as parts,
        events.revenue_usd as revenue_usd
    from {{ ref('fct_ad_events') }} as events
    inner join scores on events.event_id = scores.event_id
)

select * from final
