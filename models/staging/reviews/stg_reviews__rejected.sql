{{ landed_rejects('reviews') }}
