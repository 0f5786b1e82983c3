{% snapshot snap_consent__companies %}
{{ observations_of(ref('stg_consent__companies'), 'company_id') }}
{% endsnapshot %}
