{{ records_by_file(
    ref('stg_telemetry__files'),
    ['readings'],
    [
        (ref('fct_device_readings'), {'records_first': 'count(*)'}),
        (ref('fct_device_reading_repeats'), {
            'records_duplicate': 'count(*) filter (where not is_conflict)',
            'records_in_conflict': 'count(*) filter (where is_conflict)',
        }),
        (ref('fct_device_readings_set_aside'), {
            'records_untimed': "count(*) filter (where set_aside_reason = 'unparsable_timestamp')",
            'records_repaired': 'count(*) filter (where is_repaired)',
            'records_invalid': "count(*) filter (where set_aside_reason <> 'unparsable_timestamp' and not is_repaired)",
        }),
    ],
) }}
