CREATE TABLE duckhouse_marts.dim_products
(
    `product_id` String COMMENT 'The shop\'s id of the product, in upper case; unknown for reviews that name none.',
    `is_described` Bool COMMENT 'Whether the shop ever described it.',
    `title` Nullable(String) COMMENT 'Name of the product.',
    `brand_id` String COMMENT 'The brand without case, spaces and punctuation, so that its spellings are one brand. unknown where the shop says none.',
    `brand_name` Nullable(String) COMMENT 'The brand as the shop writes it.',
    `price` Nullable(Decimal(38, 6)) COMMENT 'Price in US dollars.',
    `sales_rank` Nullable(Int64) COMMENT 'The first rank that the shop gives the product.',
    `sales_rank_category` Nullable(String) COMMENT 'The category of that rank.',
    `main_category` String COMMENT 'The first category of the first path, for which its ratings count; unknown where the shop says none.',
    `main_category_id` String COMMENT 'Key of it in dim_categories.',
    `categories` Nullable(String) COMMENT 'JSON list of paths, each a list of categories from the widest to the narrowest.',
    `last_observed_at` Nullable(DateTime64(6, 'UTC')) COMMENT 'Latest delivery that carries the key with these attributes; older than the latest delivery of the dimension where the key is missing from it.',
    `_delivery_id` Nullable(String) COMMENT 'Delivery that brought the version.'
)
ENGINE = MergeTree
ORDER BY (tuple())
SETTINGS replicated_deduplication_window = '0', index_granularity = 8192
COMMENT 'One row per product_id: its current attributes, including products that only reviews name, and the member unknown.\nA product that is missing from the latest file keeps its last known attributes.\n'
