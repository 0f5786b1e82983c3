{%- set places = {} %}
{%- for source, declared_source in judged_sources().items() if declared_source.events %}
{%- do places.update({source: {'mart': declared_source.events, 'key': declared_source.key}}) %}
{%- endfor %}

with final as (
    select
        findings.finding_id as finding_id,
        findings.rule_id as rule_id,
        findings.source as source,
        {{ cast_to(source_label('findings.source'), 'text') }} as source_label,
        findings.entity as entity,
        findings.severity as severity,
        {%- for word in ['title', 'owner', 'fix'] %}
        {{ cast_to("coalesce(rules." ~ word ~ ", '')", 'text') }} as {{ word }},
        {%- endfor %}
        findings.is_open as is_open,
        findings.is_acknowledged as is_acknowledged,
        findings.acknowledgement as acknowledgement,
        findings.finding_key as finding_key,
        {{ cast_to(
            'row_number() over (partition by findings.rule_id, findings.is_open order by '
            ~ 'abs(findings.impact_amount) desc nulls last, findings.record_count desc, findings.finding_key)', 'integer'
        ) }} as place,
        findings.is_about_event as is_about_event,
        {%- for part in ['mart', 'key'] %}
        {%- set found = [] %}
        {%- for source, place in places.items() %}
        {%- do found.append("when findings.source = '" ~ source ~ "' then '" ~ place[part] ~ "'") %}
        {%- endfor %}
        {{ cast_to('case ' ~ found | join(' ') ~ ' end' if found else 'null', 'text_nullable') }} as event_{{ part }},
        {%- endfor %}
        findings.event_date as event_date,
        findings.observed as observed,
        findings.expected as expected,
        findings.record_count as record_count,
        findings.impact_amount as impact_amount,
        findings.impact_currency as impact_currency,
        findings.evidence as evidence,
        findings.first_delivery_id as first_delivery_id,
        findings.last_delivery_id as last_delivery_id
    from {{ ref('fct_dq_findings') }} as findings
    left join {{ ref('dim_dq_rules') }} as rules on findings.rule_id = rules.rule_id
)

select * from final
