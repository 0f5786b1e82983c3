{{ landed_files('ad_serving') }}
