with repeated as (
    select
        company_id,
        _delivery_id,
        _source_file,
        count(*) as records_of_company,
        min(_source_row) as first_row,
        max(_source_row) as last_row
    from {{ ref('stg_consent__companies') }}
    where company_id is not null
    group by company_id, _delivery_id, _source_file
    having count(*) > 1
)

{{ findings(
    'repeated', key='company_id', observed=number_text('records_of_company'), expected="'1'", records='records_of_company',
    numbers=['first_row', 'last_row'], texts=['_source_file']
) }}
