select
    meter_id,
    zone,
    eur_per_hour,
    last_observed_at,
    _delivery_id
from {{ ref('dim_meters_history') }}
where is_current
