{{ findings_of_device_days(
    'spikes', observed=number_text('extreme') ~ " || ' degrees'", expected="'a temperature like the readings before and after it'",
    extreme='max(highest_spike)'
) }}
