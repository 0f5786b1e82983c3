with files as (
    select * from {{ ref('stg_consent__files') }}
    where records_blank > 0
)

{{ findings(
    'files', key="_delivery_id || '/' || _source_file", observed=number_text('records_blank'), expected="'0'",
    records='records_blank', numbers=['records_blank', 'records_read'], texts=['_source_file']
) }}
