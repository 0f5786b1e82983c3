with names as (
    select
        reviewer_key,
        reviewer_name,
        row_number() over (partition by reviewer_key order by {{ latest_first() }}) as place
    from {{ ref('stg_reviews__reviews') }}
    where
        set_aside_reason is null
        and reviewer_name is not null
)

select
    {{ cast_to('reviewer_key', 'text') }} as reviewer_key,
    {{ cast_to('reviewer_name', 'text') }} as reviewer_name
from names
where place = 1
