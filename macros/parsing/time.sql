{% macro _integer(digits) -%}
    cast(nullif({{ digits }}, '') as {{ sql_type('integer_nullable') }})
{%- endmacro %}


{#
    A time as a UTC timestamp with microseconds; NULL where the text is not one, or is outside the years 1900 to 2299.
    Reads ISO 8601 (T or a space, with Z, an offset or neither: UTC) and epoch seconds, milli-, micro- and nanoseconds,
    told apart by their number of digits. Digits past the microsecond are cut.
#}
{% macro parse_timestamp(text) -%}
    {%- set day = try_date("substring(" ~ text ~ ", 1, 10)") -%}
    {%- set hour = _integer("substring(" ~ text ~ ", 12, 2)") -%}
    {%- set minute = _integer("substring(" ~ text ~ ", 15, 2)") -%}
    {%- set second = _integer("regexp_extract(" ~ text ~ ", '^.{16}:([0-9]{2})', 1)") -%}
    {%- set fraction = _integer("rpad(substring(regexp_extract(" ~ text ~ ", '^.{19}[.,]([0-9]+)', 1), 1, 6), 6, '0')") -%}
    {%- set offset = "regexp_extract(" ~ text ~ ", '[+-][0-9]{2}:?[0-9]{0,2}$', 0)" -%}
    {%- set offset_hours = _integer("substring(" ~ offset ~ ", 2, 2)") -%}
    {%- set offset_minutes = _integer("regexp_extract(" ~ offset ~ ", '^.{3}:?([0-9]{2})$', 1)") -%}
    case
        {{ adapter.dispatch('when_plain_timestamp')(text) }}
        when {{ matches(text, '^(19|2[0-2])[0-9]{2}-[0-9]{2}-[0-9]{2}[Tt ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.,][0-9]+)?)?([Zz]| ?UTC|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)?$') }}
            then {{ timestamp_from_micros(
                "(date_diff('day', " ~ cast_to("'1970-01-01'", 'date') ~ ", " ~ day ~ ") * 86400"
                ~ " + " ~ hour ~ " * 3600 + " ~ minute ~ " * 60 + coalesce(" ~ second ~ ", 0)"
                ~ " - (coalesce(" ~ offset_hours ~ ", 0) * 3600 + coalesce(" ~ offset_minutes ~ ", 0) * 60)"
                ~ " * case when " ~ offset ~ " like '-%' then -1 else 1 end) * 1000000"
                ~ " + coalesce(" ~ fraction ~ ", 0)"
            ) }}
        when {{ matches(text, '^[0-9]{10}([.][0-9]+)?$') }}
            then {{ timestamp_from_micros(
                _integer("substring(" ~ text ~ ", 1, 10)") ~ " * 1000000 + coalesce("
                ~ _integer("rpad(substring(" ~ text ~ ", 12, 6), case when " ~ text ~ " like '%.%' then 6 else 0 end, '0')") ~ ", 0)"
            ) }}
        when {{ matches(text, '^[0-9]{13}([.]0*)?$') }}
            then {{ timestamp_from_micros(_integer("substring(" ~ text ~ ", 1, 13)") ~ " * 1000") }}
        when {{ matches(text, '^([0-9]{16}|[0-9]{19})$') }}
            then {{ timestamp_from_micros(_integer("substring(" ~ text ~ ", 1, 16)")) }}
    end
{%- endmacro %}


{# DuckDB itself reads the format of most senders, at a fifth of the cost of splitting the text. #}
{% macro duckdb__when_plain_timestamp(text) -%}
    when {{ matches(text, '^(19|2[0-2])[0-9]{2}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?Z?$') }}
            then try_cast({{ text }} as timestamp)
{%- endmacro %}

{% macro clickhouse__when_plain_timestamp(text) -%}
{%- endmacro %}


{#
    A calendar day of the years 1 to 9999; NULL where the text is not one. Reads ISO dates (also followed by a time),
    year first with slashes or without separators, and day first with slashes, dots or dashes. 03/04/2026 is 3 April, or
    4 March where the condition `month_first` is true.
#}
{% macro parse_date(text, month_first=none) -%}
    {%- set year = '([1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])' -%}
    {%- set year_first = '^' ~ year ~ '[-/.]?([0-9]{2})[-/.]?([0-9]{2})([T ][0-9:., +UTCZ-]*)?$' -%}
    {%- set day_first = '^([0-9]{1,2})[-/.]([0-9]{1,2})[-/.]' ~ year ~ '$' -%}
    case
        when {{ matches(text, year_first) }}
            then {{ try_date(_iso_date(text, year_first, 1, 2, 3)) }}
        {%- if month_first %}
        when {{ matches(text, '^[0-9]{1,2}[-/][0-9]{1,2}[-/]' ~ year ~ '$') }} and {{ month_first }}
            then {{ try_date(_iso_date(text, day_first, 3, 1, 2)) }}
        {%- endif %}
        when {{ matches(text, day_first) }}
            then {{ try_date(_iso_date(text, day_first, 3, 2, 1)) }}
    end
{%- endmacro %}

{#
    Whether the dates of a file have the month first: at least one has a second number that is no month (02/13/2026),
    and none has a first number that is no month (13/02/2026). `file`: the columns that identify a file. Dates with dots
    always have the day first.
#}
{% macro has_month_first(text, file) -%}
    max(case when {{ is_month_first(text) }} then 1 else 0 end) over (partition by {{ file }})
        > max(case when {{ is_day_first(text) }} then 1 else 0 end) over (partition by {{ file }})
{%- endmacro %}

{% macro is_month_first(text) -%} {{ matches(text, _two_numbers_and_a_year(_a_month, _no_month)) }} {%- endmacro %}

{% macro is_day_first(text) -%} {{ matches(text, _two_numbers_and_a_year(_no_month, _a_month)) }} {%- endmacro %}

{# A date that would be a different day in the other order, such as 02/09/2026. #}
{% macro is_either_order(text) -%}
    {{ matches(text, _two_numbers_and_a_year(_a_month, _a_month)) }}
    and {{ replace_all(text, '^0?([0-9]+)[-/].*$', '\\1') }} <> {{ replace_all(text, '^[0-9]+[-/]0?([0-9]+)[-/].*$', '\\1') }}
{%- endmacro %}

{% macro _two_numbers_and_a_year(first, second) -%}
    {{ return('^(' ~ first() ~ ')[-/](' ~ second() ~ ')[-/][0-9]{4}$') }}
{%- endmacro %}

{% macro _a_month() -%} {{ return('0?[1-9]|1[0-2]') }} {%- endmacro %}

{% macro _no_month() -%} {{ return('1[3-9]|2[0-9]|3[01]') }} {%- endmacro %}


{% macro _iso_date(text, pattern, year, month, day) -%}
    (
        regexp_extract({{ text }}, '{{ pattern }}', {{ year }})
        || '-' || lpad(regexp_extract({{ text }}, '{{ pattern }}', {{ month }}), 2, '0')
        || '-' || lpad(regexp_extract({{ text }}, '{{ pattern }}', {{ day }}), 2, '0')
    )
{%- endmacro %}


{#
    A calendar day of the years 1900 to 2299 as some exports write it, month and day first: 02 12, 2011 and 1 4, 2013; NULL where
    the text is none.
#}
{% macro parse_month_day_year(text) -%}
    {%- set pattern = '^([0-9]{1,2}) ([0-9]{1,2}), (19[0-9]{2}|2[0-2][0-9]{2})$' -%}
    case when {{ matches(text, pattern) }} then {{ try_date(_iso_date(text, pattern, 3, 1, 2)) }} end
{%- endmacro %}


{#
    A time from seconds since 1970, including years before 2001, whose seconds have fewer than the ten digits by which
    parse_timestamp recognises them; NULL where the text is no such number.
#}
{% macro parse_unix_seconds(text) -%}
    case
        when {{ matches(text, '^[0-9]{1,10}([.]0*)?$') }}
            then {{ timestamp_from_micros(parse_integer(text) ~ ' * 1000000') }}
    end
{%- endmacro %}
