{# Only for digits that a pattern has matched: the engines differ in what else they read as a date. #}
{% macro try_date(iso_text) -%}
    {{ return(adapter.dispatch('try_date')(iso_text)) }}
{%- endmacro %}

{% macro duckdb__try_date(iso_text) -%}
    try_cast({{ iso_text }} as date)
{%- endmacro %}

{# toDate32OrNull('2026-02-30') is 2026-03-02: only a date that prints as it was read is valid #}
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


{% macro local_date(timestamp, timezone, usual=[]) -%}
    {{ return(adapter.dispatch('local_date')(timestamp, timezone, usual)) }}
{%- endmacro %}

{# a time zone from a column is looked up for each row, which takes ten times as long as a constant #}
{% macro duckdb__local_date(timestamp, timezone, usual) -%}
    {%- if not usual -%} {{ return(_local_date(timestamp, timezone)) }} {%- endif -%}
    case {{ timezone }}
        {%- for name in usual %}
        {%- set zone = text_literal(name) %}
        when {{ zone }} then {{ _local_date(timestamp, zone) }}
        {%- endfor %}
        else {{ _local_date(timestamp, timezone) }}
    end
{%- endmacro %}

{% macro _local_date(timestamp, timezone) -%}
    cast(timezone({{ timezone }}, timezone('UTC', {{ timestamp }})) as date)
{%- endmacro %}

{# toTimeZone() with a time zone from a column silently keeps UTC; formatDateTime() does not #}
{% macro clickhouse__local_date(timestamp, timezone, usual) -%}
    toDate32(formatDateTime({{ timestamp }}, '%F', {{ timezone }}))
{%- endmacro %}


{% macro days_between(first_day, last_day) -%}
    {{ return(adapter.dispatch('days_between')(first_day, last_day)) }}
{%- endmacro %}

{% macro duckdb__days_between(first_day, last_day) -%}
    cast(generate_series({{ first_day }}, {{ last_day }}, interval 1 day) as date[])
{%- endmacro %}

{# range() refuses a NULL, and addDays() of a NULL is one #}
{% macro clickhouse__days_between(first_day, last_day) -%}
    arrayMap(
        place -> addDays(assumeNotNull({{ first_day }}), place),
        range(toUInt64(greatest(ifNull(dateDiff('day', {{ first_day }}, {{ last_day }}) + 1, 0), 0)))
    )
{%- endmacro %}


{% macro iso_year(date) -%}
    {{ return(adapter.dispatch('iso_year')(date)) }}
{%- endmacro %}

{% macro duckdb__iso_year(date) -%}
    isoyear({{ date }})
{%- endmacro %}

{% macro clickhouse__iso_year(date) -%}
    toISOYear({{ date }})
{%- endmacro %}


{% macro iso_week(date) -%}
    {{ return(adapter.dispatch('iso_week')(date)) }}
{%- endmacro %}

{% macro duckdb__iso_week(date) -%}
    weekofyear({{ date }})
{%- endmacro %}

{% macro clickhouse__iso_week(date) -%}
    toISOWeek({{ date }})
{%- endmacro %}


{% macro day_of_week(date) -%}
    {{ return(adapter.dispatch('day_of_week')(date)) }}
{%- endmacro %}

{% macro duckdb__day_of_week(date) -%}
    isodow({{ date }})
{%- endmacro %}

{% macro clickhouse__day_of_week(date) -%}
    toDayOfWeek({{ date }})
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


{# The first day of the month of a day: ClickHouse's functions do not cover days before 1970. #}
{% macro month_of(day) -%}
    {{ cast_to('substring(' ~ cast_to(day, 'text') ~ ", 1, 7) || '-01'", 'date') }}
{%- endmacro %}


{# A timestamp as text for display, always with six decimals. #}
{% macro moment_text(timestamp) -%}
    {{ return(adapter.dispatch('moment_text')(timestamp)) }}
{%- endmacro %}

{% macro duckdb__moment_text(timestamp) -%}
    strftime({{ timestamp }}, '%Y-%m-%d %H:%M:%S.%f')
{%- endmacro %}

{% macro clickhouse__moment_text(timestamp) -%}
    {{ cast_to(timestamp, 'text_nullable') }}
{%- endmacro %}
