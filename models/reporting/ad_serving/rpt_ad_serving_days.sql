{%- set causes = {
    'late': 'first_seen', 'changed': 'changed', 'set_to_null': 'set_to_null', 'reappeared': 'reappeared',
    'moved_in': 'moved_in', 'moved_out': 'moved_out', 'retracted': 'retracted', 'restored': 'restored',
} %}

with last_delivery as (
    {{ last_delivery(ref('fct_ad_event_records')) }}
),

figures as (
    select
        figures.*,
        last_delivery.delivery_date as delivery_date,
        figures.superseded_by_delivery_id is null as is_now,
        figures._delivery_id < last_delivery.delivery_id
        and coalesce(figures.superseded_by_delivery_id >= last_delivery.delivery_id, true) as is_before_last_delivery,
        figures.publication = 'restatement' as is_restatement
    from {{ ref('int_ad_serving__figures_by_delivery') }} as figures
    cross join last_delivery
),

days as (
    select
        event_date,
        max(delivery_date) as last_delivery_date,
        min(case when publication = 'first' then _delivered_at end) as first_published_at,
        count(distinct case when is_restatement then _delivery_id end) as restatement_count,
        {%- for measure, kind in ad_measures().items() %}
        {{ sum_where(measure ~ '_after', 'is_now', kind) }} as {{ measure }}_total,
        {%- endfor %}
        {%- for cause, effect in causes.items() %}
        {{ sum_where(effect ~ '_count', 'is_restatement', 'integer') }} as {{ cause }}_events,
        {%- endfor %}
        {{ sum_where('revenue_usd_moved', 'is_restatement') }} as restated,
        {{ sum_where('revenue_usd_moved', 'is_restatement and revenue_usd_moved > 0') }} as restated_up,
        {{ sum_where('revenue_usd_moved', 'is_restatement and revenue_usd_moved < 0') }} as restated_down,
        sum(case when is_before_last_delivery then revenue_usd_after end) as revenue_before,
        sum(case when is_before_last_delivery then impressions_after end) as impressions_before,
        sum(case when is_before_last_delivery then filled_impressions_after end) as filled_before
    from figures
    group by event_date
),

usual as (
    select {{ median('impressions_total') }} as usual_impressions
    from days
    where first_published_at is not null
),

first_published as (
    select
        days.*,
        days.first_published_at is not null
        and days.impressions_total * 2 >= coalesce(usual.usual_impressions, 0) as has_usual_impressions,
        case
            when days.first_published_at is not null then days.revenue_usd_total - days.restated
        end as first_published_revenue
    from days
    cross join usual
),

final as (
    select
        ---------- the day
        {{ cast_to('event_date', 'date') }} as event_date,
        {{ cast_to('event_date > last_delivery_date', 'boolean') }} as is_after_last_delivery,
        {{ cast_to('first_published_at', 'timestamp_nullable') }} as published_at,
        {{ cast_to('has_usual_impressions', 'boolean') }} as is_full_day,

        ---------- figures now
        {{ measures_and_rates() }},
        {{ cast_to('revenue_usd_total - revenue_usd_invalid_records_total', 'money') }}
            as revenue_usd_net_of_invalid_records,

        ---------- what changed after the day was published, and why
        {{ cast_to('first_published_revenue', 'money_nullable') }} as revenue_usd_first_published,
        restated as revenue_usd_restated,
        restated_up as revenue_usd_restated_up,
        restated_down as revenue_usd_restated_down,
        {{ ratio('restated', 'first_published_revenue') }} as restated_share,
        {{ cast_to('restatement_count', 'integer') }} as restatements,
        {%- for cause in causes %}
        {{ cause }}_events as events_{{ cause }},
        {%- endfor %}

        ---------- before the last delivery
        {{ cast_to('revenue_before', 'money_nullable') }} as revenue_usd_before_last_delivery,
        {{ ratio('filled_before', 'impressions_before') }} as fill_rate_before_last_delivery
    from first_published
)

select * from final
