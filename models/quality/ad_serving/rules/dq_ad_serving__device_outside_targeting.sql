{{ findings_outside_targeting('device_type', 'device_targeting') }}
