with rated as (
    {{ ratings_of_all_months(ref('agg_category_ratings'), ['category_id', 'category_name']) | indent(4) }}
),

final as (
    select
        {{ declared_columns('rated') | indent(8) }}
    from rated
)

select * from final
