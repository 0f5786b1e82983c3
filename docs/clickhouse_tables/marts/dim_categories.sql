CREATE TABLE duckhouse_marts.dim_categories
(
    `category_id` String COMMENT 'MD5 of the path down to the category.',
    `parent_id` Nullable(String) COMMENT 'The category above it; NULL at level 1.',
    `category_name` String COMMENT 'Name of the category.',
    `category_path` String COMMENT 'The path down to it, as Books > Travel.',
    `level` Int64 COMMENT 'Place on the path, from 1.',
    `is_leaf` Bool COMMENT 'Whether no category lies below it.',
    `products` Int64 COMMENT 'Products on whose paths it is.'
)
ENGINE = MergeTree
ORDER BY (tuple())
SETTINGS replicated_deduplication_window = '0', index_granularity = 8192
COMMENT 'One row per category_id: each category on a path of any product, by the whole path down to it; with the member unknown.\n'
