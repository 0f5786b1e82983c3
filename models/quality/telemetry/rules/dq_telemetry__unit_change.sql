{{ findings_of_device_days(
    'unit_steps', observed="'a step to the same temperature in the other unit'", expected="'one unit'"
) }}
