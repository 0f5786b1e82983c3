{#
    Records, those of retracted deliveries among them, with what was known of their keys over time. For most keys that
    is one era, which never ends. For a key of a retracted delivery, each retraction ends an era, in which the delivery
    counted, and begins another, without it (era_without); the records that count in an era have its era_key.
    retracted_by is the retraction of a record's delivery.
#}
{% macro records_in_eras(records, key, retracted) -%}
(
    with every_record as (
        select
            *,
            {{ cast_to(retraction_of('_delivery_id', retracted), 'text') }} as retracted_by
        from {{ with_retracted(records) }} as staged
    ),

    ends as (
        select distinct
            {{ key }} as changed_key,
            {{ cast_to('_delivery_id', 'text') }} as retracted_id,
            retracted_by as retraction_id
        from every_record
        where
            {{ in_list('_delivery_id', retracted | list) }}
            and set_aside_reason is null
    ),

    eras as (
        select
            changed_key,
            {{ cast_to("''", 'text') }} as begins_with,
            {{ cast_to("''", 'text') }} as without,
            {{ cast_to('min(retraction_id)', 'text_nullable') }} as ends_with
        from ends
        group by changed_key
        union all
        select
            changed_key,
            retraction_id as begins_with,
            retracted_id as without,
            lead({{ cast_to('retraction_id', 'text_nullable') }})
                over (partition by changed_key order by retraction_id) as ends_with
        from ends
    )

    select
        every_record.*,
        {{ cast_to("''", 'text') }} as era_begins_with,
        {{ cast_to("''", 'text') }} as era_without,
        {{ cast_to('null', 'text_nullable') }} as era_ends_with,
        {{ cast_to('every_record.' ~ key, 'text_nullable') }} as era_key
    from every_record
    where every_record.{{ key }} not in (select ends.changed_key from ends)
    union all
    select
        every_record.*,
        eras.begins_with as era_begins_with,
        eras.without as era_without,
        eras.ends_with as era_ends_with,
        {{ cast_to("every_record." ~ key ~ " || '@' || eras.begins_with", 'text_nullable') }} as era_key
    from every_record
    inner join eras on every_record.{{ key }} = eras.changed_key
    where every_record.retracted_by > eras.begins_with
)
{%- endmacro %}


{#
    The movements of arrivals and departures (movements_of) over several eras. A delivery moves figures as it did in the
    era in which it came. A retraction takes away every state that held at the end of its era, and adds those that hold
    at the beginning of the next: so the figures after it are those without the retracted delivery. What became of a
    record is what is known now, in the last era; of a retracted delivery, nothing is.
#}
{% macro movements_in_eras() -%}
{%- set before = '(era_ends_with is null or {} < era_ends_with)' -%}
{%- set holds_at = 'recency_in_delivery = 1 and _delivery_id < {0} and (next_delivery_id is null or next_delivery_id > {0})' -%}
{%- set in_eras = [
    {
        'of': 'arrivals', 'delivery': '_delivery_id', 'file': '_source_file', 'direction': 'step_direction',
        'fate': "case when era_ends_with is null then step_fate else 'of_another_era' end", 'effect': 'step_effect',
        'where': '_delivery_id > era_begins_with and ' ~ before.format('_delivery_id'),
    },
    {
        'of': 'departures', 'delivery': 'next_delivery_id', 'file': 'next_source_file', 'direction': 'step_direction',
        'fate': 'step_fate', 'effect': 'step_effect',
        'where': 'next_delivery_id > era_begins_with and ' ~ before.format('next_delivery_id'),
    },
    {
        'of': 'arrivals', 'delivery': '_delivery_id', 'file': '_source_file', 'direction': '0', 'fate': 'step_fate',
        'effect': "'known'", 'where': 'era_ends_with is null and _delivery_id < era_begins_with',
    },
    {
        'of': 'arrivals', 'delivery': 'era_ends_with', 'file': "'retraction'", 'direction': '-1', 'fate': "'departed'",
        'effect': "case when retracted_by = era_ends_with then 'retracted' else 'replaced_here' end",
        'where': 'era_ends_with is not null and ' ~ holds_at.format('era_ends_with'),
    },
    {
        'of': 'arrivals', 'delivery': 'era_begins_with', 'file': "'retraction'", 'direction': '1', 'fate': "'restored'",
        'effect': "case when _delivery_id < era_without then 'restored' else 'repeated' end",
        'where': holds_at.format('era_begins_with'),
    },
] -%}
{%- for movement in in_eras %}
select
    {{ cast_to(movement.delivery, 'text') }} as delivery_id,
    {{ cast_to(movement.file, 'text') }} as source_file,
    {{ movement.direction }} as direction,
    {{ movement.fate }} as fate,
    {{ movement.effect }} as effect,
    *
from {{ movement.of }}
where {{ movement.where }}
{{ 'union all' if not loop.last }}
{%- endfor %}
{%- endmacro %}
