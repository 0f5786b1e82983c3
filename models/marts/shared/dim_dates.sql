{{ config(order_by='date_day') }}

{%- set first_date = cast_to(text_literal(var('first_date')), 'date') %}
{%- set last_date = cast_to(text_literal(var('last_date')), 'date') %}
{%- set months = [
    'January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December',
] %}
{%- set days = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'] %}

with spans as (
    {%- for fact in built_facts() %}
    select
        min({{ cast_to('event_date', 'date_nullable') }}) as first_day,
        max({{ cast_to('event_date', 'date_nullable') }}) as last_day
    from {{ fact }}
    where event_date between {{ first_date }} and {{ last_date }}
    {{ 'union all' if not loop.last }}
    {%- else %}
    select
        {{ cast_to('null', 'date_nullable') }} as first_day,
        {{ cast_to('null', 'date_nullable') }} as last_day
    {%- endfor %}
),

days as (
    select {{ unnested(days_between('min(first_day)', 'max(last_day)')) }} as date_day
    from spans
),

numbered as (
    select
        date_day,
        extract(year from date_day) as year,
        extract(quarter from date_day) as quarter,
        extract(month from date_day) as month,
        {{ month_of('date_day') }} as month_start,
        {{ iso_year('date_day') }} as iso_year,
        {{ iso_week('date_day') }} as iso_week,
        {{ day_of_week('date_day') }} as day_of_week
    from days
),

dates as (
    select
        *,
        case month
            {%- for name in months %}
            when {{ loop.index }} then '{{ name }}'
            {%- endfor %}
        end as month_name,
        case day_of_week
            {%- for name in days %}
            when {{ loop.index }} then '{{ name }}'
            {%- endfor %}
        end as day_name,
        day_of_week >= 6 as is_weekend
    from numbered
),

final as (
    select
        {{ declared_columns('dates') | indent(8) }}
    from dates
)

select * from final
