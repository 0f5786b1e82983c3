{{ findings_of_price_steps('publisher_id') }}
