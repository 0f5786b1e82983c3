with changes as (
    {{ changes_of_dimension('publishers', 'publisher_id', [
        'publisher_name', 'publisher_category', 'primary_domain', 'account_manager', 'country_code', 'timezone', 'created_at',
    ]) | indent(4) }}
    union all
    {{ changes_of_dimension('campaigns', 'campaign_id', [
        'campaign_name', 'advertiser_id', 'advertiser_name', 'status', 'start_date', 'end_date', 'budget_usd', 'device_targeting',
        'country_targeting', 'created_at',
    ]) | indent(4) }}
    union all
    {{ changes_of_dimension('ad_units', 'ad_unit_id', [
        'publisher_id', 'ad_unit_name', 'ad_format', 'ad_size', 'placement_type', 'is_active', 'created_at',
    ]) | indent(4) }}
)

{{ findings('changes', key='change_key', observed='values_after', expected='values_before') }}
