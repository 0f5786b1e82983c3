{{ landed_files('consent') }}
