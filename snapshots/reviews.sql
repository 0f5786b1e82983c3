{% snapshot snap_reviews__products %}
{{ observations_of(ref('stg_reviews__products'), 'product_id') }}
{% endsnapshot %}
