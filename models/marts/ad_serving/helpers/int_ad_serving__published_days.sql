with figures as (
    select
        event_date,
        coalesce(publisher_id, '') || '@' || {{ cast_to('event_date', 'text') }} as figure_id,
        publisher_id,
        {%- for measure in ad_measures() %}
        {{ measure }},
        {%- endfor %}
        _delivery_id
    from {{ ref('fct_ad_events_as_of') }}
    where superseded_by_delivery_id is null
)

select * from figures
