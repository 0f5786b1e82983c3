{% snapshot snap_ad_serving__publishers %}
{{ observations_of(ref('stg_ad_serving__publishers'), 'publisher_id') }}
{% endsnapshot %}

{% snapshot snap_ad_serving__campaigns %}
{{ observations_of(ref('stg_ad_serving__campaigns'), 'campaign_id') }}
{% endsnapshot %}

{% snapshot snap_ad_serving__ad_units %}
{{ observations_of(ref('stg_ad_serving__ad_units'), 'ad_unit_id') }}
{% endsnapshot %}
