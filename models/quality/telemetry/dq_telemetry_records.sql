{%- set readings = judged(ref('stg_telemetry__readings')) %}
{%- set device = ['device_id'] %}

{{ gathered_findings('records', [
    rule_rejected_record(ref('stg_telemetry__rejected')),
    rule_file_unusable(ref('stg_telemetry__files'), readings, 'readings'),
    rule_unreadable_time(readings, key=place_of_record(), observed='_unmapped', texts=device),
    rule_time_after_delivery(
        readings, key=place_of_record(), observed=moment_text('event_at'), texts=device
    ),
    rule_unmapped_columns({'readings': readings}),
]) }}
