{#
    The score interval of a share (Wilson 1927, Journal of the American Statistical Association 22), at var
    confidence_z: unlike the normal approximation it stays within 0 and 1, and keeps its coverage with few clicks, or
    none. NULL where the total is 0 or missing, and where the part exceeds the total: such a part is not drawn from that
    total.
#}
{% macro wilson_columns(name, part, whole) -%}
        {%- set z, k, n = to_double("'" ~ var('confidence_z') ~ "'"), to_double(part), to_double(whole) -%}
        {%- set centre = k ~ ' + ' ~ z ~ ' * ' ~ z ~ ' / 2' -%}
        {%- set variance = 'case when ' ~ part ~ ' <= ' ~ whole ~ ' then ' ~ k ~ ' * (' ~ n ~ ' - ' ~ k ~ ') / nullif(' ~ n ~ ', 0) end' -%}
        {%- set reach = z ~ ' * sqrt(' ~ variance ~ ' + ' ~ z ~ ' * ' ~ z ~ ' / 4)' -%}
        {%- set total = '(' ~ n ~ ' + ' ~ z ~ ' * ' ~ z ~ ')' -%}
        case
            when {{ part }} = 0 and {{ whole }} > 0 then {{ to_double('0') }}
            else ({{ centre }} - {{ reach }}) / {{ total }}
        end as {{ name }}_low,
        case
            when {{ part }} = {{ whole }} and {{ whole }} > 0 then {{ to_double('1') }}
            else ({{ centre }} + {{ reach }}) / {{ total }}
        end as {{ name }}_high
{%- endmacro %}
