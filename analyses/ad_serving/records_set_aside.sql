-- Which records could not become events, why, and how much revenue do they carry?
-- Asked by ad ops. Their revenue is in no other figure: ask the sender for the records again, and they come in.
-- unreadable: the record does not parse, so its revenue is not known (staging.stg_ad_serving__rejected keeps the text).
-- One row per delivery and reason. Records; US dollars as delivered, NULL where not known.
with set_aside as (
    select
        _delivery_id,
        set_aside_reason as reason,
        {{ cast_to('count(*)', 'integer') }} as record_count,
        count(distinct _source_file) as file_count,
        {{ cast_to('sum(coalesce(revenue_usd, 0))', 'money_nullable') }} as revenue
    from {{ ref('fct_ad_events_set_aside') }}
    group by _delivery_id, set_aside_reason
    union all
    select
        _delivery_id,
        'unreadable' as reason,
        {{ cast_to('sum(records_rejected)', 'integer') }} as record_count,
        count(*) as file_count,
        {{ cast_to('null', 'money_nullable') }} as revenue
    from {{ ref('fct_ad_event_records') }}
    where records_rejected > 0
    group by _delivery_id
),

deliveries as (
    select
        _delivery_id,
        max(_delivered_at) as delivered_at,
        sum(records_read) as records_read
    from {{ ref('fct_ad_event_records') }}
    group by _delivery_id
)

select
    set_aside._delivery_id as delivery_id,
    deliveries.delivered_at,
    set_aside.reason,
    set_aside.record_count as records,
    set_aside.file_count as files,
    {{ ratio('set_aside.record_count', 'deliveries.records_read') }} as share_of_records,
    set_aside.revenue as revenue_usd
from set_aside
left join deliveries on set_aside._delivery_id = deliveries._delivery_id
order by set_aside._delivery_id, set_aside.reason
