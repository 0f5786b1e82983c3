{# Records of impressions or clicks, typed. Both tables have the same columns. #}
{% macro staged_events(table, key) -%}
with source as (
    select * from {{ source('ad_delivery', table) }}
    where {{ is_new_delivery('ad_delivery') }}
),

events as (
    select
        ---------- ids
        {{ cast_to('source.id', 'integer') }} as {{ key }},
        {{ cast_to('source.campaign_id', 'integer_nullable') }} as campaign_id,

        ---------- timestamps
        {{ cast_to('source.created_at', 'timestamp_nullable') }} as created_at,
        {{ cast_to('source.created_at', 'date_nullable') }} as event_date,

        ---------- change
        {{ change_columns('source') }},

        ---------- delivery
        {{ landed_columns('source') }}
    from source
)

select * from events
{%- endmacro %}
