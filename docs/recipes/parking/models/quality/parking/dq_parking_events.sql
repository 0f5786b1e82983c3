{%- set sessions, meters = ref('stg_parking__sessions'), ref('stg_parking__meters') %}

{{ gathered_findings('events', [
    rule_rejected_record(ref('stg_parking__rejected')),
    rule_blank_lines(ref('stg_parking__files')),
    rule_file_unusable(ref('stg_parking__files'), sessions, 'sessions'),
    rule_unmapped_columns({'sessions': sessions, 'meters': meters}),
    rule_missing_event_id(sessions, 'session_id'),
    rule_unreadable_time(sessions, 'session_id'),
    rule_time_after_delivery(sessions, 'session_id'),
    rule_text_respelled(sessions, 'session_id'),
    rule_duplicate_in_file(sessions, 'session_id'),
    rule_event_in_two_files(sessions, 'session_id'),
    rule_empty_column(sessions, ['meter_id', 'minutes', 'paid_eur']),
    rule_late_events(sessions, ref('fct_parking_sessions'), impact='paid_eur'),
    rule_unreadable_value({
        'sessions': (sessions, 'session_id', {'minutes': 'minutes_as_delivered', 'paid_eur': 'paid_eur_as_delivered'}),
        'meters': (meters, 'meter_id', {'eur_per_hour': 'eur_per_hour_as_delivered'}),
    }),
    rule_dimension_key_repeated({'meters': (meters, 'meter_id')}),
    rule_dimension_changed({'meters': (ref('dim_meters_history'), 'meter_id')}),
]) }}
