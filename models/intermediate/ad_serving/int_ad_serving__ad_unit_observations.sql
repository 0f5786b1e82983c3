{{ observations_of(ref('stg_ad_serving__ad_units'), 'ad_unit_id') }}
