{%- set changes = ['first_seen', 'changed', 'set_to_null', 'reappeared', 'moved_in', 'moved_out'] %}

with movements as (
    select
        event_date,
        publisher_id,
        _delivery_id,
        {%- for change in changes %}
        sum(events_{{ change }}) as {{ change }}_count,
        {%- endfor %}
        {%- for measure in ad_measures() %}
        sum({{ measure }}) as {{ measure }}_moved,
        {%- endfor %}
        max(_day_version) as day_version
    from {{ ref('int_ad_serving__record_ledger') }}
    group by event_date, publisher_id, _delivery_id
),

figures as (
    select
        event_date,
        publisher_id,
        _delivery_id,
        {%- for change in changes %}
        {{ change }}_count,
        {%- endfor %}
        {%- for measure in ad_measures() %}
        {{ measure }}_moved,
        sum({{ measure }}_moved) over up_to_here as {{ measure }}_after,
        {%- endfor %}
        lead({{ cast_to('_delivery_id', 'text_nullable') }}) over figure as superseded_by_delivery_id,
        day_version
    from movements
    window
        figure as (partition by event_date, publisher_id order by _delivery_id),
        up_to_here as (
            partition by event_date, publisher_id order by _delivery_id
            rows between unbounded preceding and current row
        )
),

published as (
    select
        figures.*,
        publications.publication as publication,
        publications._delivered_at as _delivered_at
    from figures
    inner join {{ ref('int_ad_serving__publications') }} as publications
        on
            figures.event_date = publications.event_date
            and figures._delivery_id = publications._delivery_id
)

select * from published
