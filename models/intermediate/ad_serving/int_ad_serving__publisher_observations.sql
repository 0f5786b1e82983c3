{{ observations_of(ref('stg_ad_serving__publishers'), 'publisher_id') }}
