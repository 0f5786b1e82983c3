{{ event_days(
    touches='int_ad_serving__delivery_touches',
    joined={
        'int_ad_serving__publisher_time_zones': {
            'key': 'publisher_id',
            'seen_in': 'int_ad_serving__publisher_days',
            'matters': "timezone <> 'UTC' or holds_from > 0",
        },
    }
) }}
