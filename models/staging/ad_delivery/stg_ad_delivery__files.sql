{{ landed_files('ad_delivery') }}
