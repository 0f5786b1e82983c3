with activity as (
    select
        hour as hour_of_day,
        impressions,
        clicks
    from {{ ref('fct_ad_delivery_hourly') }}
    union all
    select
        {{ cast_to(unnested('range(0, 24)'), 'integer') }} as hour_of_day,
        {{ cast_to('0', 'integer') }} as impressions,
        {{ cast_to('0', 'integer') }} as clicks
),

hours as (
    select
        activity.hour_of_day as hour_of_day,
        sum(activity.impressions) as impressions,
        sum(activity.clicks) as clicks,
        sum(sum(activity.impressions)) over () as all_impressions
    from activity
    group by activity.hour_of_day
),

rated as (
    select
        hours.*,
        {{ ratio('hours.impressions', 'hours.all_impressions') }} as share_of_impressions,
        {{ ratio('hours.clicks', 'hours.impressions') }} as ctr,
        {{ wilson_columns('ctr', 'hours.clicks', 'hours.impressions') }}
    from hours
),

final as (
    select
        {{ declared_columns('rated') | indent(8) }}
    from rated
)

select * from final
