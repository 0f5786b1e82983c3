{%- set records = ref('int_ad_delivery__records') %}
{%- set campaign = ['event_type', 'campaign_id'] %}

{{ gathered_findings('records', [
    rule_rejected_record(ref('stg_ad_delivery__rejected')),
    rule_unreadable_time(records, observed='_unmapped', texts=campaign),
    rule_time_after_delivery(records, observed=moment_text('event_at'), texts=campaign),
    rule_unmapped_columns({
        'advertiser': ref('stg_ad_delivery__advertisers'),
        'campaign': ref('stg_ad_delivery__campaigns'),
        'impressions': ref('stg_ad_delivery__impressions'),
        'clicks': ref('stg_ad_delivery__clicks'),
    }),
    rule_unreadable_value({
        'campaigns': (ref('stg_ad_delivery__campaigns'), 'campaign_id', {
            'bid_usd': 'bid_as_delivered',
            'budget_usd': 'budget_as_delivered',
            'start_date': 'start_date_as_delivered',
            'end_date': 'end_date_as_delivered',
        }),
    }),
]) }}
