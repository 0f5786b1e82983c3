with months as (
    select
        *,
        case when ratings > 0 and brand_id <> 'unknown' then 1 else 0 end as has_place
    from {{ ref('agg_brand_ratings') }}
),

placed as (
    select
        *,
        row_number() over (
            partition by month, has_place
            order by rating_mean_shrunken desc, brand_id asc
        ) as place_among_all
    from months
),

final as (
    select
        {{ declared_columns('placed', {
            'place': 'case when placed.has_place = 1 then placed.place_among_all end',
            'mean_change': 'placed.rating_mean - previous.rating_mean',
        }) | indent(8) }}
    from placed
    left join {{ ref('agg_brand_ratings') }} as previous
        on
            placed.brand_id = previous.brand_id
            and {{ month_of('placed.month - 1') }} = previous.month
)

select * from final
