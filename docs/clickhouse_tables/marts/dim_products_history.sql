CREATE TABLE duckhouse_marts.dim_products_history
(
    `product_version_id` String COMMENT 'Key of the version; changes when an older delivery arrives late, so it is never stored in a fact.',
    `product_id` String COMMENT 'The shop\'s id of the product, in upper case; unknown for reviews that name none.',
    `title` Nullable(String) COMMENT 'Name of the product.',
    `brand_id` Nullable(String) COMMENT 'The brand without case, spaces and punctuation, so that its spellings are one brand.',
    `brand_name` Nullable(String) COMMENT 'The brand as the shop writes it.',
    `price` Nullable(Decimal(38, 6)) COMMENT 'Price in US dollars.',
    `sales_rank` Nullable(Int64) COMMENT 'The first rank that the shop gives the product.',
    `sales_rank_category` Nullable(String) COMMENT 'The category of that rank.',
    `main_category` Nullable(String) COMMENT 'The first category of the first path.',
    `categories` Nullable(String) COMMENT 'JSON list of paths, each a list of categories from the widest to the narrowest.',
    `version_number` Int64 COMMENT 'Number of the version of its key, from 1.',
    `valid_from` DateTime64(6, 'UTC') COMMENT 'When the version begins, UTC, inclusive: the delivery that brought it; 1900-01-01 for the first version of a key.',
    `valid_to` Nullable(DateTime64(6, 'UTC')) COMMENT 'When the next version begins, UTC, exclusive; NULL while the version is current.',
    `is_current` Bool COMMENT 'Whether no later version of the key is known.',
    `last_observed_at` DateTime64(6, 'UTC') COMMENT 'Latest delivery that carries the key with these attributes; older than the latest delivery of the dimension where the key is missing from it.',
    `_delivery_id` String COMMENT 'Delivery that brought the version.'
)
ENGINE = MergeTree
ORDER BY (tuple())
SETTINGS replicated_deduplication_window = '0', index_granularity = 8192
COMMENT 'One row per version of a product_id: its attributes, and when they were valid (SCD2).\nDerived from snap_reviews__products as the histories of ad serving are.\n'
