with {{ usual_counts(ref('int_ad_serving__user_days'), 'events', by='event_date') }},

concentrated as (
    select
        people.*,
        usual.threshold as threshold
    from {{ ref('int_ad_serving__user_days') }} as people
    inner join usual on people.event_date = usual.event_date
    where people.events > usual.threshold
)

{{ findings(
    'concentrated', key="user_id_hash || '|' || " ~ cast_to('event_date', 'text'), day='event_date',
    observed=cast_to('events', 'text'), expected="'at most ' || " ~ cast_to(cast_to('threshold', 'integer'), 'text'),
    records='events', impact='revenue_usd', numbers=['events', 'publishers', 'countries', 'networks', 'hours'],
    texts=['user_id_hash'], first='first_of_cell', last='last_of_cell'
) }}
