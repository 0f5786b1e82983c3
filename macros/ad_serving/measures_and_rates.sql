{# The measures of an ad-serving mart from its counts and sums, and the rates that are made of them. #}
{% macro measures_and_rates() -%}
        {{ cast_to('impression_count', 'integer') }} as impressions,
        {{ cast_to('filled_impression_count', 'integer') }} as filled_impressions,
        {{ cast_to('click_count', 'integer') }} as clicks,
        {{ cast_to('viewable_impression_count', 'integer') }} as viewable_impressions,
        {{ cast_to('gross_revenue', 'money') }} as revenue_usd,
        {{ cast_to('gross_revenue_as_delivered', 'money') }} as revenue_usd_as_delivered,
        {{ cast_to('invalid_revenue', 'money') }} as revenue_usd_invalid,
        {{ ratio('filled_impression_count', 'impression_count') }} as fill_rate,
        {{ ratio('click_count', 'filled_impression_count') }} as ctr,
        {{ ratio('viewable_impression_count', 'filled_impression_count') }} as viewability_rate
{%- endmacro %}
