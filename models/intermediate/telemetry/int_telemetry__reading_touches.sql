{{ touches_of_deliveries(ref('stg_telemetry__readings'), key=none) }}
