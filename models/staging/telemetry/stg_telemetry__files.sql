{{ landed_files('telemetry') }}
