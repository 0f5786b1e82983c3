{%- set days = incremental_by_day('fct_device_readings', order_by=['device_id', 'hour']) %}
{%- set measures = ['temperature', 'humidity', 'pressure'] %}
{%- set means = {} %}
{%- for measure in measures %}
{%- do means.update({measure ~ '_mean': share_of(measure ~ '_sum', '1', measure ~ '_readings')}) %}
{%- endfor %}

with hourly as (
    select
        event_date,
        device_id,
        {{ hour_of('event_at') }} as hour,
        count(*) as readings,
        sum(record_count) as messages,
        {%- for measure in measures %}
        count({{ measure }}) as {{ measure }}_readings,
        {{ cast_to('sum(' ~ measure ~ ')', 'money_nullable') }} as {{ measure }}_sum,
        min({{ measure }}) as {{ measure }}_min,
        max({{ measure }}) as {{ measure }}_max,
        {%- endfor %}
        {{ cast_to('max(_day_version)', 'category') }} as _day_version
    from {{ ref('fct_device_readings') }}
    where {{ in_days('event_date', days) }}
    group by event_date, device_id, hour
),

final as (
    select
        {{ declared_columns('hourly', means) | indent(8) }}
    from hourly
)

select * from final
