with located as (
    select
        *,
        {{ cast_to("case when country_as_delivered like '\"%' then 1 else 0 end", 'integer') }} as is_quoted
    from {{ ref('stg_consent__events') }}
    where
        set_aside_reason is null
        and country_code is not null
),

counted as (
    select
        *,
        count(*) over (partition by _delivery_id, _source_file) as records_of_file,
        sum(is_quoted) over (partition by _delivery_id, _source_file) as quoted_of_file
    from located
),

bare as (
    select * from counted
    where
        is_quoted = 0
        and {{ is_most('quoted_of_file', 'records_of_file') }}
)

{{ findings_of_records(
    'bare', observed='country_as_delivered', expected="'in quotation marks, as the others of its file'",
    numbers=['quoted_of_file', 'records_of_file'], texts=['company_id']
) }}
