{{ landed_rejects('ad_delivery') }}
