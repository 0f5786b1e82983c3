{# Whether a version such as v1.2.10 is older than another, by its first three numbers; false where one of them has no number. #}
{% macro is_older_version(version, other) -%}
    (
        {{ matches(version, '[0-9]') }}
        and {{ matches(other, '[0-9]') }}
        and {{ _padded_version(version) }} < {{ _padded_version(other) }}
    )
{%- endmacro %}

{% macro _padded_version(version) -%}
    {%- set numbers = [] -%}
    {%- for before in ['', '[0-9]+[.]', '[0-9]+[.][0-9]+[.]'] -%}
        {%- do numbers.append("lpad(regexp_extract(" ~ version ~ ", '^[^0-9]*" ~ before ~ "([0-9]+)', 1), 9, '0')") -%}
    {%- endfor -%}
    {{ return(numbers | join(' || ')) }}
{%- endmacro %}
