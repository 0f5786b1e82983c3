{%- set events = judged(ref('stg_ad_serving__events')) %}
{%- set place = ['event_type', 'publisher_id'] %}

{{ gathered_findings('records', [
    rule_rejected_record(ref('stg_ad_serving__rejected')),
    rule_blank_lines(ref('stg_ad_serving__files')),
    rule_file_unusable(ref('stg_ad_serving__files'), events, 'events', amount='revenue_usd', unreadable='has_unparsable_revenue'),
    rule_missing_event_id(events, impact='revenue_usd', texts=place),
    rule_unreadable_time(events, impact='revenue_usd', texts=place),
    rule_time_after_delivery(events, impact='revenue_usd', texts=place),
    rule_unknown_type(events, ['impression', 'click', 'viewable_impression'], impact='revenue_usd', texts=['publisher_id']),
    rule_text_respelled(events, texts=['publisher_id']),
    rule_duplicate_in_file(events),
    rule_empty_column(events, [
        'event_id', 'event_type', 'timestamp_as_delivered', 'publisher_id', 'ad_unit_id', 'campaign_id', 'advertiser_id',
        'device_type', 'browser', 'site_domain', 'country_code', 'region', 'revenue_usd', 'bid_floor_usd', 'is_filled',
        'placement_quality_score',
    ]),
    rule_unmapped_columns({
        'events': events,
        'publishers': ref('stg_ad_serving__publishers'),
        'campaigns': ref('stg_ad_serving__campaigns'),
        'ad_units': ref('stg_ad_serving__ad_units'),
    }),
    rule_dimension_key_repeated({
        'publishers': (ref('stg_ad_serving__publishers'), 'publisher_id'),
        'campaigns': (ref('stg_ad_serving__campaigns'), 'campaign_id'),
        'ad_units': (ref('stg_ad_serving__ad_units'), 'ad_unit_id'),
    }),
    rule_unreadable_value({
        'campaigns': (ref('stg_ad_serving__campaigns'), 'campaign_id', {
            'start_date': 'start_date_as_delivered',
            'end_date': 'end_date_as_delivered',
            'budget_usd': 'budget_as_delivered',
        }),
    }),
    rule_undecided_dates([(ref('stg_ad_serving__campaigns'), ['start_date_as_delivered', 'end_date_as_delivered'])]),
]) }}
