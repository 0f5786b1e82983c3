{% macro try_date(iso_text) -%}
    {{ return(adapter.dispatch('try_date')(iso_text)) }}
{%- endmacro %}

{% macro duckdb__try_date(iso_text) -%}
    try_cast({{ iso_text }} as date)
{%- endmacro %}

{# toDate32OrNull('2026-02-30') is 2026-03-02: only a date that prints as it was read is one #}
{% macro clickhouse__try_date(iso_text) -%}
    if(toString(toDate32OrNull({{ iso_text }})) = {{ iso_text }}, toDate32OrNull({{ iso_text }}), null)
{%- endmacro %}


{% macro timestamp_from_micros(micros) -%}
    {{ return(adapter.dispatch('timestamp_from_micros')(micros)) }}
{%- endmacro %}

{% macro duckdb__timestamp_from_micros(micros) -%}
    make_timestamp({{ micros }})
{%- endmacro %}

{% macro clickhouse__timestamp_from_micros(micros) -%}
    fromUnixTimestamp64Micro({{ micros }}, 'UTC')
{%- endmacro %}


{% macro local_date(timestamp, timezone) -%}
    {{ return(adapter.dispatch('local_date')(timestamp, timezone)) }}
{%- endmacro %}

{% macro duckdb__local_date(timestamp, timezone) -%}
    cast(timezone({{ timezone }}, timezone('UTC', {{ timestamp }})) as date)
{%- endmacro %}

{# toTimeZone() with a time zone from a column silently keeps UTC; formatDateTime() does not #}
{% macro clickhouse__local_date(timestamp, timezone) -%}
    toDate32(formatDateTime({{ timestamp }}, '%F', {{ timezone }}))
{%- endmacro %}


{% macro hour_of(timestamp) -%}
    {{ cast_to('extract(hour from ' ~ timestamp ~ ')', 'integer') }}
{%- endmacro %}


{% macro is_whole_second(timestamp) -%}
    {{ return(adapter.dispatch('is_whole_second')(timestamp)) }}
{%- endmacro %}

{% macro duckdb__is_whole_second(timestamp) -%}
    epoch_us({{ timestamp }}) % 1000000 = 0
{%- endmacro %}

{% macro clickhouse__is_whole_second(timestamp) -%}
    toUnixTimestamp64Micro({{ timestamp }}) % 1000000 = 0
{%- endmacro %}


{# Microseconds since 1970. #}
{% macro unix_micros(timestamp) -%}
    date_diff('microsecond', {{ cast_to("'1970-01-01 00:00:00'", 'timestamp') }}, {{ timestamp }})
{%- endmacro %}


{# The first day of the month of a day: functions of ClickHouse do not reach before 1970. #}
{% macro month_of(day) -%}
    {{ cast_to('substring(' ~ cast_to(day, 'text') ~ ", 1, 7) || '-01'", 'date') }}
{%- endmacro %}
