{{ staged_events('impressions', 'impression_id') }}
