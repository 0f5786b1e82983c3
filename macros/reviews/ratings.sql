{# Sums of ratings, from reviews or from sums of reviews. #}
{% macro rating_sums(relation) -%}
        {%- for name in ['reviews', 'ratings', 'rating_sum', 'ratings_1', 'ratings_2', 'ratings_3', 'ratings_4', 'ratings_5', 'helpful_votes', 'total_votes'] %}
        {{ cast_to('sum(' ~ relation ~ '.' ~ name ~ ')', 'integer') }} as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
{%- endmacro %}


{#
    What to rank months of ratings by: the mean, and the mean shrunk towards that of all ratings of the month, as if
    rating_prior_weight ratings at that mean were added. So two reviews of five stars lead no ranking.
#}
{% macro rating_columns(relation) -%}
        {%- set weight = var('rating_prior_weight') -%}
        {{ relation }}.reviews,
        {{ relation }}.ratings,
        {{ ratio(relation ~ '.rating_sum', relation ~ '.ratings') }} as rating_mean,
        {{ ratio(
            '(' ~ relation ~ '.rating_sum + ' ~ weight ~ ' * '
            ~ ratio('sum(' ~ relation ~ '.rating_sum) over (partition by ' ~ relation ~ '.month)', 'sum(' ~ relation ~ '.ratings) over (partition by ' ~ relation ~ '.month)')
            ~ ')', relation ~ '.ratings + ' ~ weight
        ) }} as rating_mean_shrunken,
        {%- for stars in range(1, 6) %}
        {{ relation }}.ratings_{{ stars }},
        {%- endfor %}
        {{ relation }}.helpful_votes,
        {{ relation }}.total_votes,
        {{ cast_to(relation ~ '.ratings < ' ~ var('least_sampled'), 'boolean') }} as is_small_sample
{%- endmacro %}


{# Sums over months of ratings: reviews, ratings of each number of stars, and the sums from which means are computed. #}
{% macro sums_of_months(relation) -%}
        {%- set total, squares = [], [] -%}
        {%- for stars in range(1, 6) -%}
        {%- do total.append(stars ~ ' * ' ~ relation ~ '.ratings_' ~ stars) -%}
        {%- do squares.append(stars * stars ~ ' * ' ~ relation ~ '.ratings_' ~ stars) -%}
        {%- endfor -%}
        {%- for name in ['reviews', 'ratings', 'ratings_1', 'ratings_2', 'ratings_3', 'ratings_4', 'ratings_5'] %}
        sum({{ relation }}.{{ name }}) as {{ name }},
        {%- endfor %}
        sum({{ total | join(' + ') }}) as rating_sum,
        sum({{ squares | join(' + ') }}) as rating_squares
{%- endmacro %}


{#
    All months of each brand or category: their sums, the mean, and the mean to rank by, shrunk towards that of all
    ratings as in rating_columns, with the interval for that number of ratings at the usual deviation.
#}
{% macro ratings_of_all_months(months, by) -%}
    {%- set weight = var('rating_prior_weight') -%}
    {%- set all_mean = ratio('everything.rating_sum', 'everything.ratings') -%}
    {%- set sum_with_prior = '(sums.rating_sum + ' ~ weight ~ ' * ' ~ all_mean ~ ')' -%}
with sums as (
    select
        {%- for column in by %}
        months.{{ column }} as {{ column }},
        {%- endfor %}
        {{- sums_of_months('months') }}
    from {{ months }} as months
    group by months.{{ by | join(', months.') }}
),

everything as (
    select
        {{- sums_of_months('months') }}
    from {{ months }} as months
),

means as (
    select
        sums.*,
        sums.ratings + {{ weight }} as ratings_with_prior,
        {{ ratio('sums.rating_sum', 'sums.ratings') }} as rating_mean,
        {{ ratio(sum_with_prior, 'sums.ratings + ' ~ weight) }} as rating_mean_shrunken,
        {{ sample_deviation(
            'everything.ratings', 'everything.rating_sum', 'everything.rating_squares'
        ) }} as usual_deviation,
        {{ ratio('sums.ratings', 'everything.ratings') }} as share_of_ratings,
        {{ ratio('sums.ratings_1 + sums.ratings_2', 'sums.ratings') }} as share_of_low_ratings,
        sums.ratings < {{ var('least_sampled') }} as is_small_sample
    from sums
    cross join everything
)

select
    means.*,
    {{ mean_interval_columns(
        'rating_mean_shrunken',
        'means.rating_mean_shrunken', 'means.usual_deviation', 'means.ratings_with_prior', '1', '5'
    ) | indent(4) }}
from means
{%- endmacro %}
