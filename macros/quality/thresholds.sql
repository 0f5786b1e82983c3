{#
    Whether a count exceeds its expectation by more than chance: twice the difference of the square roots is about
    standard normal for counts (Anscombe 1948, Biometrika 35), even small ones. Both are decimals; applies from
    dq_least_events on.
#}
{% macro stands_out(observed, expected) -%}
    (
        {{ observed }} >= {{ var('dq_least_events') }}
        and 2 * (sqrt({{ to_double(observed) }}) - sqrt({{ to_double(expected) }})) > {{ var('dq_deviations') }}
    )
{%- endmacro %}


{# Whether a count falls short of its expectation by more than chance, and by more than half. #}
{% macro falls_short(observed, expected) -%}
    (
        2 * {{ to_double(observed) }} < {{ to_double(expected) }}
        and 2 * (sqrt({{ to_double(expected) }}) - sqrt({{ to_double(observed) }})) > {{ var('dq_deviations') }}
    )
{%- endmacro %}


{# Whether a positive level, such as a price, is out of line with that of its peers, in either direction. #}
{% macro out_of_line(level, peers) -%}
    (
        {{ level }} >= {{ var('dq_times_peers') }} * {{ peers }}
        or {{ level }} * {{ var('dq_times_peers') }} <= {{ peers }}
    )
{%- endmacro %}


{# Micro-dollars, such as a median of them, as US dollars. #}
{% macro usd_of_micros(micros) -%}
    {{ share_of(cast_to('1', 'money'), cast_to('floor(' ~ micros ~ ')', 'integer'), '1000000') }}
{%- endmacro %}

{# A price in micro-dollars as people read it: $0.002534. #}
{% macro price_text(micros) -%} {{ return("'$' || " ~ number_text(usd_of_micros(micros))) }} {%- endmacro %}


{# The part of an amount above the level of the peers: amount x (1 - peers / level), with levels in micro-dollars. #}
{% macro amount_above_peers(amount, level, peers) -%}
    {{ amount }} - {{ share_of(amount, cast_to('floor(' ~ peers ~ ')', 'integer'), cast_to('floor(' ~ level ~ ')', 'integer')) }}
{%- endmacro %}


{#
    Relations, the last of which is usual: for each value of a column, the number of counts (peers), their sum (total),
    their median (middle), the median absolute deviation (mad), and the threshold above which a count is far from the
    median: middle + dq_mads x mad, where mad is taken as at least one.
#}
{% macro usual_counts(relation, count, by) -%}
    middles as (
        select
            {{ by }},
            {{ median(count) }} as middle
        from {{ relation }}
        group by {{ by }}
    ),

    deviations as (
        select
            counted.{{ by }} as {{ by }},
            counted.{{ count }} as counted_value,
            middles.middle as middle,
            abs(counted.{{ count }} - middles.middle) as deviation
        from {{ relation }} as counted
        inner join middles on counted.{{ by }} = middles.{{ by }}
    ),

    spreads as (
        select
            {{ by }},
            count(*) as peers,
            sum(counted_value) as total,
            max(middle) as middle_value,
            {{ median('deviation') }} as mad
        from deviations
        group by {{ by }}
    ),

    usual as (
        select
            {{ by }},
            peers,
            total,
            middle_value as middle,
            mad,
            middle_value + {{ var('dq_mads') }} * greatest(mad, 1) as threshold
        from spreads
    )
{%- endmacro %}
