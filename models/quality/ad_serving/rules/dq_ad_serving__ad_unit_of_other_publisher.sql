with owners as (
    {{ owners_of(ref('dim_ad_units_history'), 'ad_unit_id', 'publisher_id') | indent(4) }}
),

{{ strangers_to_owners(ref('fct_ad_events'), 'ad_unit_id', 'publisher_id', among=ref('dim_publishers')) }}

{{ findings_of_records(
    'strangers', observed="'publisher ' || publisher_id", expected="'publisher ' || owner_ids", impact='revenue_usd',
    texts=['ad_unit_id']
) }}
