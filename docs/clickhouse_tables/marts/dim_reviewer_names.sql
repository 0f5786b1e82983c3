CREATE VIEW duckhouse_marts.dim_reviewer_names
(
    `reviewer_key` String COMMENT 'SHA-256 of the shop\'s id of the reviewer, in hexadecimal digits.',
    `reviewer_name` String COMMENT 'The name that the reviewer shows.'
)
COMMENT 'One row per reviewer_key: the name of the latest review that has one. Personal; erased with seeds/erased_reviewers.csv.\n'
AS WITH
    names AS
    (
        SELECT
            reviewer_key,
            reviewer_name,
            row_number() OVER (PARTITION BY reviewer_key ORDER BY _delivery_id DESC, _source_file DESC, _source_row DESC) AS place
        FROM duckhouse_staging.stg_reviews__reviews
        WHERE (set_aside_reason IS NULL) AND (reviewer_name IS NOT NULL)
    )
SELECT
    CAST(reviewer_key, 'String') AS reviewer_key,
    CAST(reviewer_name, 'String') AS reviewer_name
FROM names
WHERE place = 1
