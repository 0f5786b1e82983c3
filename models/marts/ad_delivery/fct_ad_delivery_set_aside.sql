{%- set records = ref('int_ad_delivery__records') %}

with timeless as (
    select distinct
        event_type,
        id
    from {{ records }}
    where set_aside_reason is not null
),

latest as (
    select records.*
    from {{ records }} as records
    inner join timeless
        on
            records.event_type = timeless.event_type
            and records.id = timeless.id
    qualify row_number() over (
        partition by records.event_type, records.id order by records._delivery_id desc, records._source_row desc
    ) = 1
),

final as (
    select
        set_aside_reason,
        event_id,
        event_type,
        campaign_id,
        _delivery_id,
        _source_file,
        _source_row,
        _unmapped
    from latest
    where set_aside_reason is not null
)

select * from final
