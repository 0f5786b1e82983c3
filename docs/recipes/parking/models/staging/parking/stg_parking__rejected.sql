{{ landed_rejects('parking') }}
