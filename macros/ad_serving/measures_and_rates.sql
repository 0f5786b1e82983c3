{# The sums of the measures of an ad-serving mart, under the names that measures_and_rates() reads. #}
{% macro sums_of_measures() -%}
        sum(impressions) as impression_count,
        sum(filled_impressions) as filled_impression_count,
        sum(clicks) as click_count,
        sum(viewable_impressions) as viewable_impression_count,
        sum(revenue_usd) as gross_revenue,
        sum(revenue_usd_as_delivered) as gross_revenue_as_delivered,
        sum(revenue_usd_invalid_records) as invalid_record_revenue
{%- endmacro %}


{# The measures of an ad-serving mart from its counts and sums, and the rates that are made of them. #}
{% macro measures_and_rates() -%}
        {{ cast_to('impression_count', 'integer') }} as impressions,
        {{ cast_to('filled_impression_count', 'integer') }} as filled_impressions,
        {{ cast_to('click_count', 'integer') }} as clicks,
        {{ cast_to('viewable_impression_count', 'integer') }} as viewable_impressions,
        {{ cast_to('gross_revenue', 'money') }} as revenue_usd,
        {{ cast_to('gross_revenue_as_delivered', 'money') }} as revenue_usd_as_delivered,
        {{ cast_to('invalid_record_revenue', 'money') }} as revenue_usd_invalid_records,
        {{ ratio('filled_impression_count', 'impression_count') }} as fill_rate,
        {{ ratio('click_count', 'filled_impression_count') }} as ctr,
        {{ ratio('viewable_impression_count', 'filled_impression_count') }} as viewability_rate
{%- endmacro %}
