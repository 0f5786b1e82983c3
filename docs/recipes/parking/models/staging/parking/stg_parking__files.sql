{{ landed_files('parking') }}
