{{ landed_files('reviews') }}
