{%- set events = judged(ref('stg_consent__events')) %}
{%- set company = ['company_id'] %}

{{ gathered_findings('records', [
    rule_rejected_record(ref('stg_consent__rejected')),
    rule_blank_lines(ref('stg_consent__files')),
    rule_file_unusable(ref('stg_consent__files'), events, 'events'),
    rule_missing_event_id(events, texts=company),
    rule_unreadable_time(events, texts=company),
    rule_time_after_delivery(events, texts=company),
    rule_unknown_type(events, ['consent.asked', 'consent.given', 'pageview', 'ui.action'], texts=company),
    rule_text_respelled(events, texts=company),
    rule_duplicate_in_file(events),
    rule_empty_column(events, [
        'event_id', 'user_key', 'event_type', 'sampling_rate_as_delivered', 'parameters', 'timestamp_as_delivered', 'window_start',
        'company_id', 'consent_status', 'event_count_as_delivered', 'experiment', 'sdk_type', 'domain', 'deployment_id',
        'country_code', 'region', 'browser_family', 'device_type',
    ]),
    rule_unmapped_columns({'events': events, 'companies': ref('stg_consent__companies')}),
    rule_dimension_key_repeated({'companies': (ref('stg_consent__companies'), 'company_id')}),
]) }}
