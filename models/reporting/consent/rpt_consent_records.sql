with counted as (
    select
        _delivery_id as delivery_id,
        min(_delivered_at) as arrived_at,
        count(*) as file_count,
        sum(records_read) as read_count,
        sum(records_current) as current_count,
        sum(records_replaced_in_delivery + records_replaced_by_delivery) as replaced_count,
        sum(records_set_aside) as set_aside_count,
        sum(records_retracted) as retracted_count,
        sum(records_rejected) as rejected_count,
        sum(records_blank) as blank_count
    from {{ ref('fct_consent_event_records') }}
    group by _delivery_id
),

final as (
    select
        {{ cast_to('delivery_id', 'text') }} as delivery_id,
        {{ cast_to('arrived_at', 'timestamp') }} as delivered_at,
        {%- for fate in ['read', 'current', 'replaced', 'set_aside', 'retracted', 'rejected', 'blank'] %}
        {{ cast_to(fate ~ '_count', 'integer') }} as records_{{ fate }},
        {%- endfor %}
        {{ cast_to('file_count', 'integer') }} as files
    from counted
)

select * from final
