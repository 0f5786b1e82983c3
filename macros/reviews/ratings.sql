{# Sums of ratings: of reviews, or of sums of them. #}
{% macro rating_sums(relation) -%}
        {%- for name in ['reviews', 'ratings', 'rating_sum', 'ratings_1', 'ratings_2', 'ratings_3', 'ratings_4', 'ratings_5', 'helpful_votes', 'total_votes'] %}
        {{ cast_to('sum(' ~ relation ~ '.' ~ name ~ ')', 'integer') }} as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
{%- endmacro %}


{#
    What months of ratings say, to be ranked by: the mean, and the mean drawn towards that of all ratings of the month, as if
    rating_prior_weight ratings of it stood beside one's own. So two reviews of five stars lead no ranking.
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
