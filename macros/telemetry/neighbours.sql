{#
    A column of the reading a number of places before (lag) or after (lead), of the same device and day; NULL where
    there is none.
#}
{% macro of_neighbour(which, column, kind, places=1) -%}
    {{ which }}({{ cast_to(column, kind) }}, {{ places }}) over (partition by event_date, device_id, is_early order by event_at)
{%- endmacro %}


{% macro fahrenheit(degrees) -%}
    (1.8 * {{ degrees }} + 32)
{%- endmacro %}


{#
    Water vapour pressure in hectopascals of air at a temperature in degrees Celsius and a humidity in percent (Magnus;
    WMO No. 8, annex 4.B).
#}
{% macro vapour_pressure(degrees, humidity) -%}
    6.112 * exp(17.62 * {{ degrees }} / (243.12 + {{ degrees }})) * {{ humidity }} / 100
{%- endmacro %}
