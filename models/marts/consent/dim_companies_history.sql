{{ dimension_history(ref('snap_consent__companies'), 'company_id') }}
