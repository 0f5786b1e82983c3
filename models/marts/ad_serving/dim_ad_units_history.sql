{{ dimension_history(ref('snap_ad_serving__ad_units'), 'ad_unit_id') }}
