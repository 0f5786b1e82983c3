CREATE TABLE duckhouse_marts.dim_brands
(
    `brand_id` String COMMENT 'The brand without case, spaces and punctuation, so that its spellings are one brand.',
    `brand_name` String COMMENT 'The spelling that most of its products have; of several the first in the order of the alphabet.',
    `spellings` Int64 COMMENT 'Spellings that products have now.',
    `products` Int64 COMMENT 'Products of the brand.',
    `is_unknown` Bool COMMENT 'Whether it stands for all products without a brand.'
)
ENGINE = MergeTree
ORDER BY (tuple())
SETTINGS replicated_deduplication_window = '0', index_granularity = 8192
COMMENT 'One row per brand_id: its most frequent spelling, and how many there are; with the member unknown.\n'
