{{ findings_of_device_days(
    'impossible_pairs', observed=cast_to('counted', 'text') ~ " || ' readings'",
    expected="'at most " ~ var('dq_vapour_pressure_hpa') ~ " hPa of water vapour'"
) }}
