{{ findings_outside_window(
    'micros_after_start >= ' ~ micros_of_hours(1)
    ~ ' or micros_after_start between -' ~ micros_of_hours(var('dq_window_reach_hours')) ~ ' and -1'
) }}
