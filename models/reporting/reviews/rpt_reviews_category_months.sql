{%- set differences, terms = [], [] %}
{%- for stars in range(1, 6) %}
{%- set difference = 'difference_' ~ stars %}
{%- do differences.append('abs(' ~ difference ~ ')') %}
{%- set term = ratio(
    difference ~ ' * ' ~ difference ~ ' * weight_of_both', 'ratings_' ~ stars ~ ' + before_' ~ stars
) %}
{%- do terms.append('coalesce(' ~ term ~ ', 0)') %}
{%- endfor %}

with months as (
    select
        *,
        sum(ratings) over (partition by month) as ratings_of_month
    from {{ ref('agg_category_ratings') }}
),

pairs as (
    select
        months.*,
        months.rating_mean - previous.rating_mean as mean_change,
        {%- for stars in range(1, 6) %}
        previous.ratings_{{ stars }} as before_{{ stars }},
        {%- endfor %}
        nullif(previous.ratings, 0) as ratings_before
    from months
    left join {{ ref('agg_category_ratings') }} as previous
        on
            months.category_id = previous.category_id
            and {{ month_of('months.month - 1') }} = previous.month
),

compared as (
    select
        *,
        {%- for stars in range(1, 6) %}
        {{ ratio('ratings_' ~ stars, 'ratings') }} as share_{{ stars }},
        {{ ratio('ratings_' ~ stars, 'ratings') }}
        - {{ ratio('before_' ~ stars, 'ratings_before') }} as difference_{{ stars }},
        {%- endfor %}
        {{ to_double('ratings') }} * {{ to_double('ratings_before') }} as weight_of_both
    from pairs
),

shifts as (
    select
        *,
        ({{ differences | join(' + ') }}) / 2 as shift,
        {{ terms | join(' + ') }} as statistic
    from compared
),

final as (
    select
        {{ declared_columns('shifts', {
            'share_of_ratings': ratio('shifts.ratings', 'shifts.ratings_of_month'),
            'share_of_low_ratings': ratio('shifts.ratings_1 + shifts.ratings_2', 'shifts.ratings'),
            'chi_squared': 'case when shifts.ratings > 0 and shifts.ratings_before > 0 then shifts.statistic end',
            'is_beyond_chance': 'coalesce(shifts.statistic > ' ~ to_double("'" ~ var('chi_squared_of_stars') ~ "'")
                ~ ' and least(shifts.ratings, shifts.ratings_before) >= ' ~ var('least_sampled') ~ ', false)',
        }) | indent(8) }}
    from shifts
)

select * from final
