-- Do the stars of a category spread otherwise than in the month before?
-- Asked by customer insight: the same mean may hide that threes became ones and fives. shift is half the sum of the absolute
-- differences of the five shares, the part of the ratings that has other stars: 0 is the same spread, 1 none in common.
-- chi_squared tests whether both months have one spread; is_beyond_chance: it is above var chi_squared_of_stars (95 percent),
-- and both months have enough ratings (var least_sampled). NULL without ratings in the month before.
-- One row per main category and month with a rating. Shares of ratings, UTC months.
with months as (
    select * from {{ ref('agg_category_ratings') }}
    where ratings > 0
),

pairs as (
    select
        months.month as month,
        months.category_id as category_id,
        months.category_name as category_name,
        months.ratings as n,
        months.rating_mean as rating_mean,
        previous.ratings as n_before,
        {%- for stars in range(1, 6) %}
        months.ratings_{{ stars }} as n_{{ stars }},
        previous.ratings_{{ stars }} as n_before_{{ stars }},
        {%- endfor %}
        months.rating_mean - previous.rating_mean as mean_change
    from months
    left join months as previous
        on
            months.category_id = previous.category_id
            and {{ month_of('months.month - 1') }} = previous.month
),

shifts as (
    select
        *,
        {% for stars in range(1, 6) %}
        {{- ' + ' if not loop.first }}abs({{ ratio('n_' ~ stars, 'n') }} - {{ ratio('n_before_' ~ stars, 'n_before') }})
        {%- endfor %} as differences,
        {% for stars in range(1, 6) %}
        {%- set difference = '(' ~ ratio('n_' ~ stars, 'n') ~ ' - ' ~ ratio('n_before_' ~ stars, 'n_before') ~ ')' %}
        {{- ' + ' if not loop.first }}coalesce({{ ratio(
            difference ~ ' * ' ~ difference ~ ' * ' ~ to_double('n') ~ ' * ' ~ to_double('n_before'),
            'n_' ~ stars ~ ' + n_before_' ~ stars
        ) }}, 0)
        {%- endfor %} as statistic
    from pairs
)

select
    month,
    category_id,
    category_name,
    n_before as ratings_before,
    n as ratings,
    {%- for stars in range(1, 6) %}
    {{ ratio('n_' ~ stars, 'n') }} as share_{{ stars }},
    {%- endfor %}
    rating_mean,
    mean_change,
    differences / 2 as shift,
    case when n_before > 0 then statistic end as chi_squared,
    {{ cast_to(
        'coalesce(statistic > ' ~ to_double("'" ~ var('chi_squared_of_stars') ~ "'")
        ~ ' and least(n, n_before) >= ' ~ var('least_sampled') ~ ', false)', 'boolean'
    ) }} as is_beyond_chance
from shifts
order by month, category_name, category_id
