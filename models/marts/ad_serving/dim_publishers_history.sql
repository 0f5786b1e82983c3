{{ dimension_history(ref('snap_ad_serving__publishers'), 'publisher_id') }}
