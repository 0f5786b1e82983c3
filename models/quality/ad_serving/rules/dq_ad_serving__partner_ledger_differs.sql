with differing as (
    select * from {{ ref('int_ad_serving__partner_periods') }}
    where abs(difference) > tolerated
)

{{ findings(
    'differing', key="partner_account_id || '|' || source_system || '|' || " ~ cast_to('period_end', 'text'), day='period_end',
    observed=number_text('partner_amount'), expected=number_text('revenue_usd'), records='impressions', impact='difference',
    numbers=['partner_amount', 'revenue_usd', 'difference'], texts=['partner_account_id', 'source_system', 'previous_end', 'period_end']
) }}
