{{ staged_records('telemetry', 'readings') }}
