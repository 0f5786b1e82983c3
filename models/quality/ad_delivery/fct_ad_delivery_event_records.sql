{%- set steps = arrivals_and_departures(
    ref('int_ad_delivery__records'),
    key=['event_type', 'id'],
    columns=['_delivery_id', '_source_file', 'operation', 'event_at'],
) %}

{{ records_by_file(
    ref('stg_ad_delivery__files'),
    ['impressions', 'clicks'],
    [('(' ~ steps ~ ') as steps', {
        'records_current': "sum(case when operation = 'upsert' and event_at is not null then entry else 0 end)",
        'records_set_aside': "sum(case when operation = 'upsert' and event_at is null then entry else 0 end)",
        'records_deleted': "sum(case when operation = 'delete' then entry else 0 end)",
        'records_replaced': 'count(*) filter (where entry = -1)',
    })],
) }}
