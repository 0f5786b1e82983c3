{{ staged_events('clicks', 'click_id') }}
