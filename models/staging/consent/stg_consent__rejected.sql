{{ landed_rejects('consent') }}
