{#
    The acknowledgements that hold, one row per rule and key, with the reason; the key is '' where all findings of the
    rule are acknowledged. One holds up to its day, by the day of the last delivery of the rule's source. None holds
    where the seed is not built, as in a build of one source.
#}
{% macro acknowledgements(sources) -%}
    {%- set listed = ref('acknowledged_findings') -%}
    {%- if execute and not is_there(listed) -%}
    select
        {{ cast_to('null', 'text_nullable') }} as rule_id,
        {{ cast_to('null', 'text_nullable') }} as acknowledged_key,
        {{ cast_to('null', 'text_nullable') }} as acknowledgement
    where false
    {%- else -%}
    select
        listed.rule_id as rule_id,
        coalesce(listed.finding_key, '') as acknowledged_key,
        max(listed.reason) as acknowledgement
    from {{ listed }} as listed
    inner join {{ ref('dim_dq_rules') }} as rules on listed.rule_id = rules.rule_id
    inner join (
        {%- for source in sources %}
        select
            '{{ source }}' as source,
            last_delivery.delivery_date as delivery_date
        from ({{ last_delivery(ref('stg_' ~ source ~ '__files')) }}) as last_delivery
        {{ 'union all' if not loop.last }}
        {%- endfor %}
    ) as delivered on rules.source = delivered.source
    where {{ try_date('listed.until') }} >= delivered.delivery_date
    group by listed.rule_id, coalesce(listed.finding_key, '')
    {%- endif %}
{%- endmacro %}


{# The ids of all rules of the project, those of sources that are not built among them. #}
{% macro ids_of_rules() -%}
    {{ return(known_rules() | map(attribute='rule_id') | list if execute else []) }}
{%- endmacro %}

{# Whether a text is a day written as 2026-12-31. #}
{% macro is_iso_date(text) -%}
    {{ return(matches("coalesce(" ~ text ~ ", '')", '^[0-9]{4}-[0-9]{2}-[0-9]{2}$') ~ ' and ' ~ try_date(text) ~ ' is not null') }}
{%- endmacro %}
