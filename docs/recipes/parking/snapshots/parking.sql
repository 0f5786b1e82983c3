{% snapshot snap_parking__meters %}
    {{ config(schema='snapshots', unique_key='observation_id', strategy='check', check_cols='all') }}
    {{ observations_of(ref('stg_parking__meters'), 'meter_id') }}
{% endsnapshot %}
