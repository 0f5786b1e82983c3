{#
    The days of a parent (as in incremental_by_day), whose versions also change with the rows that a mart joins:

        event_days('fct_sales', joined={'dim_shops': {'key': 'shop_id'}})

    `joined` gives the key of each relation; seen_as is the parent's column with that key where it has another name. A
    history (a relation with valid_from) contributes the versions that overlap a day, for a join as of the event. Any
    other relation contributes its one row per key, for a join with the current attributes. Days and the keys seen on
    them come from the parent, of which this reads two columns, or from seen_in: an incremental model of them is
    cheaper. `matters` leaves out versions that change nothing; it sees the attributes and holds_from, the microseconds
    of the day after which a version holds.

    Attributes are the columns in the relation's YAML. Restated ones change no version.
#}
{% macro event_days(parent=none, touches=none, joined={}) -%}
    {{ config(
        materialized='table',
        schema='intermediate',
        contract={'enforced': false},
        meta={'joined': joined.keys() | list}
    ) }}
    with days as (
        select * from {{ days_of(parent, touches) }}
    ),
    {% for name, join in joined.items() %}
    {%- set relation = ref(name) %}
    {%- set node = graph.nodes['model.' ~ model.package_name ~ '.' ~ name] if execute else {'columns': {}} %}
    {%- set is_history = 'valid_from' in node.columns %}
    keys_{{ loop.index }} as (
        select distinct
            event_date,
            {{ join.seen_as or join.key }} as {{ join.key }},
            {{ cast_to('event_date', 'timestamp') }} as midnight,
            {{ cast_to('event_date', 'timestamp') }} + interval 1 day as next_midnight
        from {{ ref(join.seen_in or parent) }}
        where {{ join.seen_as or join.key }} is not null
    ),

    versions_{{ loop.index }} as (
        select
            {%- if is_history %}
            {# after a deletion the next version does not follow directly #}
            lead({{ cast_to('valid_from', 'timestamp_nullable') }})
                over (partition by {{ join.key }} order by valid_from) as next_valid_from,
            {%- endif %}
            *
        from {{ relation }}
    ),

    held_{{ loop.index }} as (
        select
            seen.event_date as event_date,
            seen.{{ join.key }} as {{ join.key }},
            {%- for column in attributes_of(node, join.key) %}
            versions.{{ column }} as {{ column }},
            {%- endfor %}
            {%- if is_history %}
            greatest(date_diff('microsecond', seen.midnight, versions.valid_from), 0) as holds_from,
            case
                when versions.valid_to < seen.next_midnight and (versions.valid_to is distinct from versions.next_valid_from)
                    then date_diff('microsecond', seen.midnight, versions.valid_to)
            end as holds_until
            {%- else %}
            0 as holds_from,
            {{ cast_to('null', 'integer_nullable') }} as holds_until
            {%- endif %}
        from keys_{{ loop.index }} as seen
        inner join versions_{{ loop.index }} as versions on seen.{{ join.key }} = versions.{{ join.key }}
        {%- if is_history %}
        where
            versions.valid_from < seen.next_midnight
            and (versions.valid_to is null or versions.valid_to > seen.midnight)
        {%- endif %}
    ),

    said_{{ loop.index }} as (
        select
            event_date,
            {{ _version_text(node, join.key) }} as said
        from held_{{ loop.index }}
        where {{ join.matters or 'true' }}
    ),

    fingerprints_{{ loop.index }} as (
        select
            event_date,
            {{ md5_text(ordered_text_agg('said')) }} as fingerprint
        from said_{{ loop.index }}
        group by event_date
    ),
    {% endfor %}
    final as (
        select
            days.event_date as event_date,
            days._day_version
            {%- for _ in joined %}
            || '/' || coalesce(fingerprints_{{ loop.index }}.fingerprint, '')
            {%- endfor %} as _day_version
        from days
        {%- for _ in joined %}
        left join fingerprints_{{ loop.index }} on days.event_date = fingerprints_{{ loop.index }}.event_date
        {%- endfor %}
    )

    select * from final
{%- endmacro %}


{#
    key=attributes@from, and -until where none follows. Different versions have different texts, the same on both
    engines.
#}
{% macro _version_text(node, key) -%}
    {%- set texts = [] -%}
    {%- for column in attributes_of(node, key) -%}
        {%- do texts.append("coalesce(" ~ _escaped(text_of(column, node.columns[column].data_type)) ~ ", '~')") -%}
    {%- endfor -%}
    {{ _escaped(cast_to(key, 'text')) }} || '=' || {{ texts | join(" || '|' || ") or "''" }}
    || '@' || {{ cast_to('holds_from', 'text') }}
    || coalesce('-' || {{ cast_to('holds_until', 'text_nullable') }}, '')
{%- endmacro %}

{% macro _escaped(text) -%}
    {%- set escaped = namespace(text=text) -%}
    {%- for sign in ['~', '|', '=', ','] -%}
        {%- set escaped.text = "replace(" ~ escaped.text ~ ", '" ~ sign ~ "', '~" ~ loop.index ~ "')" -%}
    {%- endfor -%}
    {{ return(escaped.text) }}
{%- endmacro %}


{# A column of any kind as a text that is the same on both engines; decimals and ratios have six places. #}
{% macro text_of(column, kind) -%}
    {%- set kind = (kind or 'text').replace('_nullable', '') -%}
    {%- if kind in ('money', 'weight', 'ratio') -%}
        {{ return(number_text(column)) }}
    {%- elif kind == 'timestamp' -%}
        {{ return(cast_to("date_diff('microsecond', " ~ beginning_of_time() ~ ", " ~ column ~ ")", 'text_nullable')) }}
    {%- endif -%}
    {{ return(cast_to(column, 'text_nullable')) }}
{%- endmacro %}
