CREATE TABLE duckhouse_marts.bridge_product_categories
(
    `product_id` String COMMENT 'The shop\'s id of the product, in upper case; unknown for reviews that name none.',
    `category_id` String COMMENT 'Key of the category in dim_categories.',
    `path_number` Int64 COMMENT 'The first path of the product on which it is.',
    `level` Int64 COMMENT 'Place on the path, from 1.',
    `ends_path` Bool COMMENT 'Whether a path of the product ends with it.',
    `is_main` Bool COMMENT 'Whether it is the category for which ratings of the product count.'
)
ENGINE = MergeTree
ORDER BY (tuple())
SETTINGS replicated_deduplication_window = '0', index_granularity = 8192
COMMENT 'One row per product_id and category_id: each category on a path of the product; products without a main category have the category unknown too. One of each product is_main.\n'
