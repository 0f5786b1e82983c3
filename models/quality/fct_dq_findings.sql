{%- set sources = judged_sources() %}
{%- set judged_by = "case when ranked.rule_id in ('" ~ rules_of_amounts() | join("', '")
    ~ "') then coalesce(events_now.amount_delivery_id, events_now._delivery_id) else events_now._delivery_id end" %}

with gathered as (
    {%- for source, declared_source in sources.items() %}
    {%- set last_source = loop.last %}
    {%- for group in declared_source.rules %}
    select
        {{ judged_columns() | join(',\n        ') }},
        {{ cast_to("'" ~ declared_source.currency ~ "'" if declared_source.currency else 'null', 'text_nullable') }} as currency
    from {{ ref('dq_' ~ source ~ '_' ~ group) }}
    where {{ is_finding() }}
    {{ 'union all' if not (loop.last and last_source) }}
    {%- endfor %}
    {%- endfor %}
),

{# a rule without texts stays, and fails the test of its rule_id #}
found as (
    select
        gathered.*,
        {{ cast_to("coalesce(rules.source, '')", 'text') }} as source,
        {{ cast_to("coalesce(rules.entity, '')", 'text') }} as entity,
        {{ cast_to("coalesce(rules.scope, '')", 'text') }} as scope,
        {{ cast_to("coalesce(rules.severity, '')", 'text') }} as severity
    from gathered
    left join {{ ref('dim_dq_rules') }} as rules on gathered.rule_id = rules.rule_id
),

ranked as (
    select
        *,
        row_number() over (partition by rule_id, finding_key order by last_delivery_id desc, evidence desc) as recency,
        min(first_delivery_id) over (partition by rule_id, finding_key) as first_of_all,
        sum(record_count) over (partition by rule_id, finding_key) as records_of_all
    from found
),

events_found as (
    select distinct
        source as event_source,
        finding_key as found_id
    from found
    where scope in ('row', 'file', 'deliveries', 'sources')
),

events_now as (
    {%- for source, declared_source in sources.items() if declared_source.events %}
    select
        events_found.event_source as source,
        events_found.found_id as event_id,
        {{ cast_to('events._delivery_id', 'text') }} as _delivery_id,
        {{ cast_to(delivery_of_amount(declared_source.events), 'text_nullable') }} as amount_delivery_id
    from {{ ref(declared_source.events) }} as events
    inner join events_found
        on
            {{ cast_to('events.' ~ declared_source.key, 'text') }} = events_found.found_id
            and events_found.event_source = '{{ source }}'
    {{ 'union all' if not loop.last }}
    {%- endfor %}
    {%- if not sources.values() | selectattr('events') | list %}
    select
        {{ cast_to('null', 'text_nullable') }} as source,
        {{ cast_to('null', 'text_nullable') }} as event_id,
        {{ cast_to('null', 'text_nullable') }} as _delivery_id,
        {{ cast_to('null', 'text_nullable') }} as amount_delivery_id
    where false
    {%- endif %}
),

acknowledged as (
    {{ acknowledgements(sources) | indent }}
),

final as (
    select
        {{ cast_to(md5_text("ranked.rule_id || '|' || ranked.finding_key"), 'text') }} as finding_id,
        ranked.rule_id as rule_id,
        ranked.source as source,
        ranked.entity as entity,
        ranked.scope as scope,
        ranked.severity as severity,
        ranked.finding_key as finding_key,
        ranked.event_date as event_date,
        ranked.observed as observed,
        ranked.expected as expected,
        {{ cast_to('ranked.records_of_all', 'integer') }} as record_count,
        ranked.impact_amount as impact_amount,
        case when ranked.impact_amount is not null then ranked.currency end as impact_currency,
        ranked.evidence as evidence,
        {{ cast_to('ranked.first_of_all', 'text') }} as first_delivery_id,
        ranked.last_delivery_id as last_delivery_id,
        {{ cast_to(
            "ranked.scope <> 'row' or coalesce(" ~ judged_by ~ " <= ranked.last_delivery_id, true)", 'boolean'
        ) }} as is_open,
        {{ cast_to('events_now.event_id is not null', 'boolean') }} as is_about_event,
        {{ cast_to('coalesce(of_finding.rule_id, of_rule.rule_id) is not null', 'boolean') }} as is_acknowledged,
        {{ cast_to('coalesce(of_finding.acknowledgement, of_rule.acknowledgement)', 'text_nullable') }} as acknowledgement
    from ranked
    left join events_now
        on
            ranked.source = events_now.source
            and ranked.finding_key = events_now.event_id
    left join acknowledged as of_finding
        on
            ranked.rule_id = of_finding.rule_id
            and ranked.finding_key = of_finding.acknowledged_key
    left join acknowledged as of_rule
        on
            ranked.rule_id = of_rule.rule_id
            and of_rule.acknowledged_key = ''
    where ranked.recency = 1
)

select * from final
