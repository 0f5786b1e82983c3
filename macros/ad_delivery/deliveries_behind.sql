{#
    The rows of a relation of campaigns, or of campaign days, each with the first and last delivery that brought a
    record of one of its impressions or clicks. Only records of these campaigns and days are aggregated.
#}
{% macro with_deliveries_behind(relation, by=['campaign_id', 'event_date']) -%}
    select
        {{ relation }}.*,
        behind.first_of_cell,
        behind.last_of_cell
    from {{ relation }}
    inner join (
        select
            {%- for column in by %}
            records.{{ column }} as behind_{{ column }},
            {%- endfor %}
            min({{ cast_to('records._delivery_id', 'text') }}) as first_of_cell,
            max({{ cast_to('records._delivery_id', 'text') }}) as last_of_cell
        from {{ ref('int_ad_delivery__records') }} as records
        where records.campaign_id in (select wanted.campaign_id from {{ relation }} as wanted)
        group by {% for column in by %}records.{{ column }}{{ ', ' if not loop.last }}{% endfor %}
    ) as behind
        on {% for column in by %}{{ relation }}.{{ column }} = behind.behind_{{ column }}{{ ' and ' if not loop.last }}{% endfor %}
{%- endmacro %}


{% macro campaign_and_day() -%} {{ cast_to('campaign_id', 'text') }} || '|' || {{ cast_to('event_date', 'text') }} {%- endmacro %}
