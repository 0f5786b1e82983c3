{{ landed_rejects('telemetry') }}
