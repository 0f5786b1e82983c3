{{ findings_of_price_steps('campaign_id') }}
