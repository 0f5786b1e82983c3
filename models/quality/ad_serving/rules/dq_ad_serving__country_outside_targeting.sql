{{ findings_outside_targeting('country_code', 'country_targeting') }}
