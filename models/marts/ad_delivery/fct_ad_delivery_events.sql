{%- set records = ref('int_ad_delivery__records') %}

{# only events with several records are sorted, and they are few #}
with revised as (
    select
        event_id,
        min({{ cast_to('_delivery_id', 'text') }}) as first_of_event
    from {{ records }}
    group by event_id
    having count(*) > 1
),

latest_of_revised as (
    select
        records.*,
        revised.first_of_event as first_of_event
    from {{ records }} as records
    inner join revised on records.event_id = revised.event_id
    qualify row_number() over (
        partition by records.event_id order by records._delivery_id desc, records._source_row desc
    ) = 1
),

current_records as (
    select * from latest_of_revised
    union all
    select
        records.*,
        {{ cast_to('records._delivery_id', 'text') }} as first_of_event
    from {{ records }} as records
    left join revised on records.event_id = revised.event_id
    where revised.event_id is null
),

final as (
    select
        ---------- ids
        event_id,
        event_type,
        campaign_id,

        ---------- timestamps
        event_at,
        event_date,

        ---------- delivery
        {{ cast_to('first_of_event', 'category') }} as first_delivery_id,
        _delivery_id,
        _source_file,
        _source_row
    from current_records
    where
        operation = 'upsert'
        and set_aside_reason is null
)

select * from final
