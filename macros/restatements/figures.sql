{#
    One row per event_date, member of `by` and delivery of a ledger: what the delivery did to the events
    (<effect>_count), by how much it moved each figure (<figure>_moved), the figures after it (<figure>_after), and
    whether it published the day. Deliveries are ordered by their ids. effects: those of the ledger's columns
    events_<effect>; figures: aggregates over its rows by name; publications: a relation of publications_of().
#}
{% macro figures_by_delivery(ledger, publications, by, effects, figures) -%}
with movements as (
    select
        event_date,
        {{ by }},
        _delivery_id,
        {%- for effect in effects %}
        sum(events_{{ effect }}) as {{ effect }}_count,
        {%- endfor %}
        {%- for name, aggregate in figures.items() %}
        {{ aggregate }} as {{ name }}_moved,
        {%- endfor %}
        max(_day_version) as day_version
    from {{ ledger }}
    group by event_date, {{ by }}, _delivery_id
),

figures as (
    select
        event_date,
        {{ by }},
        _delivery_id,
        {%- for effect in effects %}
        {{ effect }}_count,
        {%- endfor %}
        {%- for name in figures %}
        {{ name }}_moved,
        sum({{ name }}_moved) over up_to_here as {{ name }}_after,
        {%- endfor %}
        lead({{ cast_to('_delivery_id', 'text_nullable') }}) over figure as superseded_by_delivery_id,
        day_version
    from movements
    window
        figure as (partition by event_date, {{ by }} order by _delivery_id),
        up_to_here as (
            partition by event_date, {{ by }} order by _delivery_id
            rows between unbounded preceding and current row
        )
),

published as (
    select
        figures.*,
        publications.publication as publication,
        publications._delivered_at as _delivered_at
    from figures
    inner join {{ publications }} as publications
        on
            figures.event_date = publications.event_date
            and figures._delivery_id = publications._delivery_id
)

select * from published
{%- endmacro %}


{#
    One row per event_date and delivery of a ledger: whether the delivery published the day, and in which role. The
    first delivery that touches a day after the end of the UTC day publishes it; earlier ones are preliminary, later
    ones are restatements. files: the staging model of delivered files, which has the time of each delivery.
#}
{% macro publications_of(files, ledger) -%}
with deliveries as (
    select
        _delivery_id,
        max(_delivered_at) as delivered_at
    from {{ files }}
    group by _delivery_id
),

touched as (
    select distinct
        event_date,
        _delivery_id
    from {{ ledger }}
),

dated as (
    select
        touched.event_date as event_date,
        touched._delivery_id as _delivery_id,
        deliveries.delivered_at,
        deliveries.delivered_at >= {{ cast_to('touched.event_date', 'timestamp') }} + interval 1 day as is_day_over
    from touched
    inner join deliveries on touched._delivery_id = deliveries._delivery_id
),

numbered as (
    select
        *,
        row_number() over (partition by event_date, is_day_over order by _delivery_id) as publication_number
    from dated
),

publications as (
    select
        event_date,
        _delivery_id,
        {{ cast_to('delivered_at', 'timestamp') }} as _delivered_at,
        case
            when not is_day_over then 'preliminary'
            when publication_number = 1 then 'first'
            else 'restatement'
        end as publication
    from numbered
)

select * from publications
{%- endmacro %}
