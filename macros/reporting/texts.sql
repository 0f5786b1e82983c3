{#
    A number for display, with the given number of decimals (up to two) and commas at the thousands: 2,396.60. NULL
    stays NULL. Engines print and round doubles differently, so the text is made from an integer. ClickHouse also casts
    the value stored behind a NULL, which may not be a number.
#}
{% macro fixed_text(number, decimals) -%}
    {%- set scaled = cast_to('floor(abs(coalesce(' ~ number ~ ', 0)) * ' ~ 10 ** decimals ~ ' + 0.5)', 'integer_nullable') -%}
    {%- set digits = cast_to(scaled, 'text_nullable') -%}
    {%- if decimals -%}
        {%- set digits = replace_all("'00' || " ~ digits, '^0*([0-9]+)([0-9]{' ~ decimals ~ '})$', '\\1.\\2') -%}
    {%- endif -%}
    {%- set grouped = replace_all('reverse(' ~ replace_all('reverse(' ~ digits ~ ')', '([0-9]{3})', '\\1,') ~ ')', '^,', '') -%}
    {{ return("case when " ~ number ~ " < 0 then '-' when " ~ number ~ " >= 0 then '' end || " ~ grouped) }}
{%- endmacro %}


{# A share in percent, to the tenth: 37.8%. #}
{% macro percent_text(share) -%}
    {{ return(fixed_text(share ~ ' * 100', 1) ~ " || '%'") }}
{%- endmacro %}
