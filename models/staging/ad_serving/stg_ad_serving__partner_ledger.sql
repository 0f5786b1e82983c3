{{ staged_records('ad_serving', 'partner_ledger') }}
