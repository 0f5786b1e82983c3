with source as (
    select * from {{ source('reviews', 'products') }}
    where {{ is_new_delivery('reviews') }}
),

parsed as (
    select
        source.*,
        {{ clean_text('source.brand') }} as brand_text,
        case when {{ is_list_of_paths('source.categories_json') }} then source.categories_json end as paths,
        case when {{ matches('source.salesrank_json', '^[{]') }} then source.salesrank_json end as ranks,
        case when {{ matches('source.related_json', '^[{]') }} then source.related_json end as related_products
    from source
),

products as (
    select
        ---------- ids
        {{ cast_to(upper_text(clean_text('parsed.asin')), 'text_nullable') }} as product_id,
        {{ cast_to(clean_id('parsed.metadata_id'), 'text_nullable') }} as metadata_id,
        {{ cast_to(name_key('parsed.brand_text'), 'text_nullable') }} as brand_id,

        ---------- what it is
        {{ cast_to(clean_text('parsed.title'), 'text_nullable') }} as title,
        {{ cast_to('parsed.brand_text', 'text_nullable') }} as brand_name,
        {{ cast_to(parse_amount('parsed.price'), 'money_nullable') }} as price,
        {{ cast_to(clean_text('parsed.price'), 'text_nullable') }} as price_as_delivered,
        {{ cast_to(clean_text('parsed.description'), 'text_nullable') }} as description,
        {{ cast_to(clean_text('parsed.image_url'), 'text_nullable') }} as image_url,

        ---------- where it stands
        {{ cast_to("nullif(" ~ json_paths('parsed.paths') ~ "[1][1], '')", 'text_nullable') }} as main_category,
        {{ cast_to('parsed.paths', 'text_nullable') }} as categories,
        {{ cast_to(clean_text('parsed.categories'), 'text_nullable') }} as categories_as_delivered,
        {{ cast_to(parse_integer(json_values('parsed.ranks') ~ '[1]'), 'integer_nullable') }} as sales_rank,
        {{ cast_to("nullif(" ~ json_keys('parsed.ranks') ~ "[1], '')", 'text_nullable') }} as sales_rank_category,
        {{ cast_to('parsed.ranks', 'text_nullable') }} as sales_ranks,
        {{ cast_to(clean_text('parsed.salesrank'), 'text_nullable') }} as salesrank_as_delivered,
        {{ cast_to('parsed.related_products', 'text_nullable') }} as related,
        {{ cast_to(clean_text('parsed.related'), 'text_nullable') }} as related_as_delivered,

        ---------- flags
        {{ cast_to(names_where({
            'categories': clean_text('parsed.categories') ~ ' is not null and parsed.paths is null',
            'salesrank': clean_text('parsed.salesrank') ~ ' is not null and parsed.ranks is null',
            'related': clean_text('parsed.related') ~ ' is not null and parsed.related_products is null',
        }), 'category_nullable') }} as unreadable_literals,

        ---------- delivery
        {{ landed_columns('parsed') }}
    from parsed
)

select * from products
