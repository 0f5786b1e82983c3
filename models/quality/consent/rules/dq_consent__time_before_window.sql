{{ findings_outside_window('micros_after_start < -' ~ micros_of_hours(var('dq_window_reach_hours'))) }}
