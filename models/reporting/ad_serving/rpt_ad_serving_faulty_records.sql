with records as (
    select
        _delivery_id,
        entity,
        'rejected' as fate,
        reason as why,
        _source_file,
        _source_row,
        {{ cast_to('null', 'money_nullable') }} as revenue
    from {{ ref('stg_ad_serving__rejected') }}
    union all
    select
        _delivery_id,
        'events' as entity,
        'set aside' as fate,
        set_aside_reason as why,
        _source_file,
        _source_row,
        {{ cast_to('coalesce(revenue_usd, 0)', 'money_nullable') }} as revenue
    from {{ ref('fct_ad_events_set_aside') }}
    union all
    select
        _delivery_id,
        'events' as entity,
        'invalid' as fate,
        invalid_record_reason as why,
        _source_file,
        _source_row,
        {{ cast_to('revenue_usd', 'money_nullable') }} as revenue
    from {{ ref('fct_ad_events') }}
    where invalid_record_reason is not null
),

faulty as (
    select
        _delivery_id,
        entity,
        fate,
        why,
        count(*) as record_count,
        count(distinct _source_file) as file_count,
        sum(revenue) as revenue,
        min(_source_file || ', record ' || {{ cast_to('_source_row', 'text') }}) as example
    from records
    group by _delivery_id, entity, fate, why
),

delivered as (
    select
        _delivery_id,
        entity,
        max(_delivered_at) as last_delivered_at,
        sum(records_read) as read_count
    from {{ ref('stg_ad_serving__files') }}
    group by _delivery_id, entity
),

final as (
    select
        {{ cast_to('faulty._delivery_id', 'text') }} as delivery_id,
        {{ cast_to('delivered.last_delivered_at', 'timestamp_nullable') }} as delivered_at,
        {{ cast_to('faulty.entity', 'text') }} as entity,
        {{ cast_to('faulty.fate', 'text') }} as fate,
        {{ cast_to('faulty.why', 'text') }} as reason,
        {{ cast_to('faulty.record_count', 'integer') }} as records,
        {{ cast_to('faulty.file_count', 'integer') }} as files,
        {{ ratio('faulty.record_count', 'delivered.read_count') }} as share_of_records,
        {{ cast_to('faulty.revenue', 'money_nullable') }} as revenue_usd,
        {{ cast_to('faulty.example', 'text') }} as first_place
    from faulty
    left join delivered
        on
            faulty._delivery_id = delivered._delivery_id
            and faulty.entity = delivered.entity
)

select * from final
