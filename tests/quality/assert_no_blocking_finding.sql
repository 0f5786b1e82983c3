-- What a rule with action block finds must not be published: while such a finding is open, the build fails. The sender
-- fixes a file by delivering a later one with the same name and at least as many records; faults of the later file are
-- separate findings. Whoever acknowledges a finding has it published.
{{ config(severity='error', tags=['quality', 'every_build']) }}

-- It comes last, so that a build that it blocks has the scorecard and the views that explain why.
{%- for view in ['actions', 'deliveries', 'faulty_records', 'files', 'findings', 'rule_days', 'rules', 'scorecard', 'systems'] %}
-- depends_on: {{ ref('rpt_quality_' ~ view) }}
{%- endfor %}

with blocking as (
    select
        findings.source as source,
        findings.rule_id as rule_id,
        findings.finding_key as finding_key,
        findings.observed as observed,
        findings.expected as expected,
        findings.evidence as evidence,
        findings.record_count as record_count,
        {{ in_list('findings.source', sources_of_kind('files')) }} as is_of_files,
        rules.title as title,
        rules.fix as fix
    from {{ ref('fct_dq_findings') }} as findings
    inner join {{ ref('dim_dq_rules') }} as rules on findings.rule_id = rules.rule_id
    where
        findings.is_open
        and not findings.is_acknowledged
        and rules.action = 'block'
),

files as (
    {%- for source in judged_sources() %}
    select
        '{{ source }}' as source,
        _delivery_id,
        _source_file,
        records_read - records_blank as records
    from {{ ref('stg_' ~ source ~ '__files') }}
    where {{ is_counted(source_name=source) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

mended as (
    select distinct
        delivered.source as source,
        delivered._delivery_id || '/' || delivered._source_file as file_key
    from files as delivered
    inner join files as again
        on
            delivered.source = again.source
            and delivered._source_file = again._source_file
            and delivered._delivery_id < again._delivery_id
            and delivered.records <= again.records
),

final as (
    select blocking.*
    from blocking
    left join mended
        on
            blocking.source = mended.source
            and blocking.finding_key = mended.file_key
    where mended.file_key is null
)

select * from final
