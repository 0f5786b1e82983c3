{{ landed_rejects('ad_serving') }}
