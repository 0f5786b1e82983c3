{{ dimension_history(ref('snap_parking__meters'), 'meter_id') }}
