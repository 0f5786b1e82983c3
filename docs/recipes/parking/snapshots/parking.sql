{% snapshot snap_parking__meters %}
{{ observations_of(ref('stg_parking__meters'), 'meter_id') }}
{% endsnapshot %}
