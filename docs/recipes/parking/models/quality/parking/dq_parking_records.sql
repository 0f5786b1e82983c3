{%- set sessions = ref('stg_parking__sessions') %}

{{ gathered_findings('records', [
    rule_rejected_record(ref('stg_parking__rejected')),
    rule_blank_lines(ref('stg_parking__files')),
    rule_missing_event_id(sessions, 'session_id'),
    rule_unreadable_time(sessions, 'session_id'),
    rule_duplicate_in_file(sessions, 'session_id'),
    rule_dimension_key_repeated({'meters': (ref('stg_parking__meters'), 'meter_id')}),
]) }}
