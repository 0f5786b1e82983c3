{#
    Why an event is an invalid record, whose revenue cannot be billed as it is: the first reason that holds, NULL where
    none does. Reads last_known_revenue_usd. Invalid traffic is a separate question: fct_ad_invalid_traffic.
#}
{% macro invalid_record_reason(event) -%}
    case
        when {{ event }}.event_type is null or {{ event }}.event_type not in ('impression', 'click', 'viewable_impression')
            then 'unknown_event_type'
        when {{ event }}.last_known_revenue_usd < 0 then 'negative_revenue'
        when {{ event }}.is_filled = false and {{ event }}.last_known_revenue_usd <> 0 then 'revenue_on_unfilled'
    end
{%- endmacro %}
