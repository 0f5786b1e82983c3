{# The records of an event, latest first: by_recency ranks them, whole_history looks at all of them. #}
{% macro windows_of_an_event() -%}
    window
        by_recency as (partition by event_id order by {{ latest_first() }}),
        whole_history as (
            partition by event_id order by {{ latest_first() }}
            rows between unbounded preceding and unbounded following
        )
{%- endmacro %}
