{{ gathered_findings('records', [
    rule_rejected_record(ref('stg_reviews__rejected')),
    rule_blank_lines(ref('stg_reviews__files')),
]) }}
