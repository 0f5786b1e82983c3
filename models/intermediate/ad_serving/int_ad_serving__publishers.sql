{{ latest_by(ref('stg_ad_serving__publishers'), 'publisher_id') }}
