{# Each version of a key ends where the next begins, the first has no lower bound, and only the last is open. #}
{% test versions_follow_each_other(model, key) %}
with versions as (
    select
        {{ key }},
        valid_from,
        valid_to,
        row_number() over (partition by {{ key }} order by valid_from) as place,
        lead({{ cast_to('valid_from', 'timestamp_nullable') }}) over (partition by {{ key }} order by valid_from) as next_valid_from
    from {{ model }}
)

select *
from versions
where
    valid_to is distinct from next_valid_from
    or (place = 1 and valid_from <> {{ beginning_of_time() }})
{% endtest %}
