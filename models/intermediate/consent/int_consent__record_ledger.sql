{%- set days = incremental_by_day(touches='int_consent__delivery_touches', order_by=['company_id', '_delivery_id']) %}
{%- set effects = consent_effects() %}

with states as (
    {{ record_states(
        ref('stg_consent__events'),
        columns=[
            'event_id', 'event_type', 'event_date', 'company_id', 'consent_status', 'sampling_rate', 'event_count',
            '_delivery_id', '_source_file',
        ],
        compared={
            'event_date': 'date_nullable', 'company_id': 'text_nullable', 'event_type': 'text_nullable',
            'consent_status': 'text_nullable', 'sampling_rate': 'weight_nullable', 'event_count': 'integer_nullable',
        },
        condition='set_aside_reason is null and ' ~ in_touching_records(ref('int_consent__delivery_touches'), days),
    ) | indent(4) }}
),

{{ weighted_records('states') }},

{{ movements_of('weighted', place=['event_date', 'company_id'], effects=effects) }},

ledger as (
    select
        event_days.event_date as event_date,
        movements.company_id as company_id,
        movements.event_type as event_type,
        movements.consent_status as consent_status,
        movements.delivery_id as _delivery_id,
        movements.source_file as _source_file,

        ---------- what became of the records
        {%- for fate in record_fates() %}
        {{ cast_to("count(*) filter (where movements.fate = '" ~ fate ~ "')", 'integer') }} as records_{{ fate }},
        {%- endfor %}

        ---------- what the delivery did to the events of the day
        {%- for effect in delivery_effects(effects) %}
        {{ cast_to("count(*) filter (where movements.effect = '" ~ effect ~ "')", 'integer') }} as events_{{ effect }},
        {%- endfor %}

        ---------- by how much it moved the figures of the day
        {{ cast_to('sum(movements.direction)', 'integer') }} as events_sampled,
        {%- for measure, expression in weighted_measures('movements').items() %}
        {{ cast_to('sum(movements.direction * (' ~ expression ~ '))', 'weight') }} as {{ measure }},
        {%- endfor %}
        {{ cast_to('max(event_days._day_version)', 'category') }} as _day_version
    from movements
    inner join {{ days_of(touches='int_consent__delivery_touches') }} as event_days
        on movements.event_date = event_days.event_date
    where {{ in_days('event_days.event_date', days) }}
    group by
        event_days.event_date, movements.company_id, movements.event_type, movements.consent_status, movements.delivery_id,
        movements.source_file
)

select * from ledger
