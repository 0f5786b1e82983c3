select
    {{ cast_to('reviewer_key', 'text') }} as reviewer_key,
    {{ cast_to('min(event_at)', 'timestamp') }} as first_review_at,
    {{ cast_to('max(event_at)', 'timestamp') }} as last_review_at,
    {{ cast_to('count(*)', 'integer') }} as reviews,
    {{ cast_to('count(distinct product_id)', 'integer') }} as products,
    {{ ratio('sum(coalesce(rating, 0))', 'count(rating)') }} as rating_mean,
    {{ cast_to('sum(coalesce(helpful_votes, 0))', 'integer') }} as helpful_votes,
    {{ cast_to('sum(coalesce(total_votes, 0))', 'integer') }} as total_votes
from {{ ref('fct_product_reviews') }}
group by reviewer_key
