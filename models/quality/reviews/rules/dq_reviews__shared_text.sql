with repeated as (
    select text_hash
    from {{ ref('int_reviews__text_hashes') }}
    where text_hash is not null
    group by text_hash
    having count(*) > 1
),

texts as (
    select
        text_hash,
        count(distinct reviewer_key) as reviewers,
        sum(reviews) as reviews_with_it,
        max(text_length) as characters,
        min(first_of_text) as first_of_all,
        max(last_of_text) as last_of_all
    from {{ ref('int_reviews__text_hashes') }}
    where text_hash in (select repeated.text_hash from repeated)
    group by text_hash
),

shared as (
    select * from texts
    where reviewers > 1
)

{{ findings(
    'shared', key='text_hash', observed=cast_to('reviewers', 'text') ~ " || ' reviewers'", expected="'1 reviewer'",
    records='reviews_with_it', numbers=['reviewers', 'characters'], first='first_of_all', last='last_of_all'
) }}
