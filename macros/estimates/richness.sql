{#
    The estimated number of kinds in the population of a sample, from the kinds seen once (f1) and twice (f2) among n:
    the bias-corrected Chao1 (Chao 1987, Biometrics 43; Chiu, Wang, Walther and Chao 2014). It is a lower bound: kinds
    so rare that the sample gives no sign of them are not counted.
#}
{% macro unseen_kinds(once, twice, total) -%}
    ({{ ratio(total ~ ' - 1', total) }}) * {{ to_double(once) }} * ({{ to_double(once) }} - 1) / (2 * ({{ to_double(twice) }} + 1))
{%- endmacro %}


{# Its variance (Chao 1987). #}
{% macro unseen_kinds_variance(once, twice, total) -%}
    {%- set f1, f2, share = to_double(once), to_double(twice), '(' ~ ratio(total ~ ' - 1', total) ~ ')' -%}
    {%- set per_twice = f1 ~ ' * (' ~ f1 ~ ' - 1) / (' ~ f2 ~ ' + 1)' -%}
    {%- set double_once = '(2 * ' ~ f1 ~ ' - 1) / (2 * (' ~ f2 ~ ' + 1))' -%}
    (
        {{ share }} * {{ per_twice }} / 2
        + {{ share }} * {{ share }} * {{ f1 }} * {{ double_once }} * {{ double_once }}
        + {{ share }} * {{ share }} * {{ f2 }} * ({{ per_twice }} / (2 * ({{ f2 }} + 1))) * ({{ per_twice }} / (2 * ({{ f2 }} + 1)))
    )
{%- endmacro %}


{#
    The factor K of its log-normal interval [seen + unseen / K, seen + unseen K]; 1 where no kind is unseen. Rounded,
    because the engines' exp and ln differ in the last bit.
#}
{% macro unseen_kinds_reach(unseen, variance) -%}
    case
        when {{ unseen }} > 0
            then round(exp(
                {{ to_double("'" ~ var('confidence_z') ~ "'") }}
                * sqrt(ln(1 + {{ variance }} / nullif({{ unseen }} * {{ unseen }}, 0)))
            ), 9)
        else 1
    end
{%- endmacro %}
