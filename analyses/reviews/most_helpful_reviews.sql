-- Which reviews do readers find most helpful?
-- Asked by customer insight. Ranked by helpful_share_low, the lower end of the Wilson interval of 95 percent (var
-- confidence_z): 98 of 100 votes come before 1 of 1. Reviews without votes, and those with more helpful votes than votes,
-- are left out. What was written is in fct_product_review_texts, which is personal.
-- The 20 reviews (or --vars '{top: 50}') that lead. Votes, shares of votes.
with ranked as (
    select
        review_id,
        product_id,
        event_date,
        rating,
        helpful_votes,
        total_votes,
        helpful_share,
        helpful_share_low,
        text_length,
        row_number() over (order by helpful_share_low desc, total_votes desc, review_id asc) as place
    from {{ ref('fct_product_reviews') }}
    where helpful_share is not null
)

select
    ranked.place as place,
    ranked.review_id as review_id,
    ranked.product_id as product_id,
    products.title as title,
    ranked.event_date as event_date,
    ranked.rating as rating,
    ranked.helpful_votes as helpful_votes,
    ranked.total_votes as total_votes,
    ranked.helpful_share as helpful_share,
    ranked.helpful_share_low as helpful_share_low,
    ranked.text_length as text_length
from ranked
left join {{ ref('dim_products') }} as products
    on ranked.product_id = products.product_id
where ranked.place <= {{ var('top', 20) }}
order by ranked.place
