{{ findings_of_device_days(
    'readings_ahead', observed="'up to ' || " ~ number_text('extreme') ~ " || ' s ahead'", expected="'a time before the message'",
    extreme='-min(least_delay) / 1000000', least=var('dq_least_events'), early_too=true
) }}
