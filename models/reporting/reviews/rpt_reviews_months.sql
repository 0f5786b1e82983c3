with last_delivery as (
    select {{ cast_to('max(_delivered_at)', 'date') }} as delivery_day
    from {{ ref('fct_product_review_records') }}
),

sums as (
    select
        months.month as month,
        {{- sums_of_months('months') }}
    from {{ ref('agg_category_ratings') }} as months
    group by months.month
),

means as (
    select
        sums.*,
        last_delivery.delivery_day,
        {{ ratio('sums.rating_sum', 'sums.ratings') }} as rating_mean,
        {{ sample_deviation('sums.ratings', 'sums.rating_sum', 'sums.rating_squares') }} as rating_deviation
    from sums
    cross join last_delivery
),

rated as (
    select
        means.*,
        {{ mean_interval_columns(
            'rating_mean', 'means.rating_mean', 'means.rating_deviation', 'means.ratings', '1', '5'
        ) }}
    from means
),

final as (
    select
        {{ declared_columns('rated', {
            'is_after_last_delivery': 'rated.month > rated.delivery_day',
            'is_small_sample': 'rated.ratings < ' ~ var('least_sampled'),
            'share_of_low_ratings': ratio('rated.ratings_1 + rated.ratings_2', 'rated.ratings'),
        }) | indent(8) }}
    from rated
)

select * from final
