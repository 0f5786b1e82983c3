{# The display name of a source: ad_serving is Ad serving. #}
{% macro source_label(column) -%}
    case {{ column }}
        {%- for source in declared() %}
        when '{{ source }}' then {{ text_literal(source | replace('_', ' ') | capitalize) }}
        {%- endfor %}
        else {{ column }}
    end
{%- endmacro %}


{# The fates that a landed record may have, besides being rejected or blank. #}
{% macro fates() -%} {{ return(['current', 'replaced', 'deleted', 'set_aside', 'retracted']) }} {%- endmacro %}


{#
    For each fate, the columns of a source's model of records that count it: records_<fate> and columns that begin with
    it, or those that the YAML of the model lists under config.meta.fates.
#}
{% macro columns_of_fates(records) -%}
    {%- set columns_of = {} -%}
    {%- set node = graph.nodes['model.' ~ project_name ~ '.' ~ records] if execute else {} -%}
    {%- for fate in fates() if execute -%}
        {%- set named = [] -%}
        {%- for column in node.columns if column == 'records_' ~ fate or column.startswith('records_' ~ fate ~ '_') -%}
            {%- do named.append(column) -%}
        {%- endfor -%}
        {%- do columns_of.update({fate: node.config.meta.get('fates', {}).get(fate, named)}) -%}
    {%- endfor -%}
    {{ return(columns_of) }}
{%- endmacro %}


{#
    One row per delivery of a source with records of events: how many were read, and what became of them. For a source
    without a model of records under config.meta only the counts of landing are known: the fates are NULL.
#}
{% macro records_of_deliveries(source_name, records) -%}
    {%- set columns_of = columns_of_fates(records) if records else {} -%}
    {%- set fated = (columns_of.values() | sum(start=[])) or ['records_landed'] -%}
    select
        {{ cast_to("'" ~ source_name ~ "'", 'text') }} as source,
        {{ cast_to('_delivery_id', 'text') }} as delivery_id,
        sum(records_read) as read_count,
        {%- for fate in fates() %}
        {{ cast_to(_sum_of(columns_of.get(fate)) if records else 'null', 'integer_nullable') }} as {{ fate }}_count,
        {%- endfor %}
        sum(records_rejected) as rejected_count,
        sum(records_blank) as blank_count,
        sum(records_read) - {{ _sum_of(fated + ['records_rejected', 'records_blank']) }} as unaccounted_count
    from {{ ref(records) if records else ref('stg_' ~ source_name ~ '__files') }}
    {%- if not records %}
    where {{ in_list('entity', tables_with_a_day(source_name)) }}
    {%- endif %}
    group by _delivery_id
{%- endmacro %}

{% macro _sum_of(columns) -%} {{ return('sum(' ~ columns | join(' + ') ~ ')' if columns else '0') }} {%- endmacro %}


{#
    One row per record of a source that is not counted as it came: rejected when it was read, or set aside because no
    day can hold it. The mart of records set aside may have the rejected ones as well.
#}
{% macro faulty_records_of(source_name, set_aside) -%}
    {%- set rejected = ref('stg_' ~ source_name ~ '__rejected') -%}
    select
        {{ cast_to("'" ~ source_name ~ "'", 'text') }} as source,
        {{ cast_to('_delivery_id', 'text') }} as delivery_id,
        {{ cast_to('_source_file', 'text') }} as source_file,
        _source_row as source_row,
        'rejected' as fate,
        {{ cast_to('reason', 'text') }} as reason
    from {{ rejected }}
    {%- if set_aside %}
    union all
    select
        {{ cast_to("'" ~ source_name ~ "'", 'text') }} as source,
        {{ cast_to('_delivery_id', 'text') }} as delivery_id,
        {{ cast_to('_source_file', 'text') }} as source_file,
        _source_row as source_row,
        'set aside' as fate,
        {{ cast_to('set_aside_reason', 'text') }} as reason
    from {{ ref(set_aside) }}
    where (_delivery_id, _source_file, _source_row) not in (
        select
            _delivery_id,
            _source_file,
            _source_row
        from {{ rejected }}
    )
    {%- endif %}
{%- endmacro %}


{#
    One row per file of a source that landed, as the loader counted it. A file has records of events where the model of
    records counts it; of a source without one, where its table has a day.
#}
{% macro files_of(source_name, records) -%}
    select
        {{ cast_to("'" ~ source_name ~ "'", 'text') }} as source,
        {{ cast_to('files._delivery_id', 'text') }} as delivery_id,
        files.entity as entity,
        files._source_file as source_file,
        {%- if records %}
        counted._source_file is not null as has_events,
        {%- else %}
        {{ in_list('files.entity', tables_with_a_day(source_name)) }} as has_events,
        {%- endif %}
        files.records_read as records_read,
        files.records_landed as records_landed,
        files.records_rejected as records_rejected,
        files.records_blank as records_blank
    from {{ ref('stg_' ~ source_name ~ '__files') }} as files
    {%- if records %}
    left join {{ ref(records) }} as counted
        on
            files._delivery_id = counted._delivery_id
            and files._source_file = counted._source_file
    {%- endif %}
    where files.retracts_delivery_id is null
{%- endmacro %}


{# Ranks rules by what to do first: what the pipeline fixes last, then by money, errors before warnings, and records. #}
{% macro urgency(amount, severity, records, rule_id) -%}
    {{ cast_to(
        "row_number() over (order by case when " ~ severity ~ " = 'information' then 1 else 0 end, coalesce(" ~ amount
        ~ ', 0) desc, ' ~ severity ~ ', coalesce(' ~ records ~ ', 0) desc, ' ~ rule_id ~ ')', 'integer'
    ) }}
{%- endmacro %}


{# The tables of a source that contain events. #}
{% macro tables_with_a_day(source_name) -%}
    {%- set tables = [] -%}
    {%- for node in (graph.sources.values() if execute else []) if node.source_name == source_name and node.config.meta.get('day') -%}
        {%- do tables.append(node.name) -%}
    {%- endfor -%}
    {{ return(tables) }}
{%- endmacro %}


{# The sources of a kind, as files: where data comes from decides what can be done about it. #}
{% macro sources_of_kind(kind) -%}
    {%- set found = [] -%}
    {%- for node in (graph.sources.values() if execute else []) if node.config.meta.get('kind') == kind -%}
        {%- do found.append(node.source_name) -%}
    {%- endfor -%}
    {{ return(found | unique | sort) }}
{%- endmacro %}


{# One row per source, delivery and UTC day of which it brought an event. #}
{% macro days_of_deliveries(sources) -%}
    {%- set brought = [] -%}
    {%- for source_name, source in sources.items() -%}
        {%- for touches in source.touches -%}
            {%- set days -%}
    select distinct
        {{ cast_to("'" ~ source_name ~ "'", 'text') }} as source,
        {{ cast_to('delivery_id', 'text') }} as delivery_id,
        record_date as day
    from {{ ref(touches) }}
    where record_date is not null
            {%- endset -%}
            {%- do brought.append(days) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- if not brought -%}
        {%- do brought.append('select ' ~ cast_to('null', 'text_nullable') ~ ' as source, ' ~ cast_to('null', 'text_nullable')
            ~ ' as delivery_id, ' ~ cast_to('null', 'date_nullable') ~ ' as day where false') -%}
    {%- endif -%}
    {{ brought | join('\n    union all\n') }}
{%- endmacro %}


{#
    One row per source with the headline figure that its declaration names, as a text: money with its currency, shares
    in percent, with the interval where the declaration gives one. No row for a source that names none, or whose model
    is not built.
#}
{% macro headlines(sources) -%}
    {%- set shown = [] -%}
    {%- for source_name, source in sources.items() if source.headline -%}
        {%- set headline, relation = source.headline, ref(source.headline.of) -%}
        {%- if not execute or is_there(relation) -%}
            {%- set figure -%}
    select
        {{ cast_to("'" ~ source_name ~ "'", 'text') }} as source,
        {{ cast_to(text_literal(headline.name), 'text') }} as headline_name,
        {{ cast_to(_headline_text(headline, source.currency), 'text_nullable') }} as headline_value
    from (
        select
            {{ headline.value }} as figure,
            {{ headline.low or 'null' }} as lowest,
            {{ headline.high or 'null' }} as highest
        from {{ relation }}
    ) as figures
            {%- endset -%}
            {%- do shown.append(figure) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if not shown -%}
        {%- set empty = [] -%}
        {%- for column in ['source', 'headline_name', 'headline_value'] -%}
            {%- do empty.append(cast_to('null', 'text_nullable') ~ ' as ' ~ column) -%}
        {%- endfor -%}
        {%- do shown.append('select ' ~ empty | join(', ') ~ ' where false') -%}
    {%- endif -%}
    {{ shown | join('\n    union all\n') }}
{%- endmacro %}

{% macro _headline_text(headline, currency) -%}
    {%- if headline.as == 'share' -%}
        {%- set text = percent_text('figure') -%}
        {%- if headline.low -%}
            {%- set text = text ~ " || case when lowest is null then '' else ' (' || " ~ percent_text('lowest') ~ " || ' to ' || "
                ~ percent_text('highest') ~ " || ')' end" -%}
        {%- endif -%}
    {%- elif headline.as == 'money' -%}
        {%- set text = text_literal('$' if currency == 'USD' else currency ~ ' ') ~ ' || ' ~ fixed_text('figure', 2) -%}
    {%- else -%}
        {%- set text = fixed_text('figure', 2 if headline.as == 'number' else 0) -%}
    {%- endif -%}
    {{ return(text ~ (' || ' ~ text_literal(' ' ~ headline.unit) if headline.unit else '')) }}
{%- endmacro %}
