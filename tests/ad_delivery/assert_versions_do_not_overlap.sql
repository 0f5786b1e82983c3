-- The first version of a row has no lower bound, each ends before the next begins, and only the last can be open.
with versions as (
    select
        'advertiser' as table_name,
        advertiser_id as row_key,
        version_number,
        valid_from,
        valid_to
    from {{ ref('dim_ad_delivery_advertisers_history') }}
    union all
    select
        'campaign' as table_name,
        campaign_id as row_key,
        version_number,
        valid_from,
        valid_to
    from {{ ref('dim_ad_delivery_campaigns_history') }}
),

neighbours as (
    select
        *,
        row_number() over (partition by table_name, row_key order by valid_from) as place,
        lead({{ cast_to('valid_from', 'timestamp_nullable') }})
            over (partition by table_name, row_key order by valid_from) as next_valid_from
    from versions
)

select * from neighbours
where
    version_number <> place
    or (place = 1 and valid_from <> {{ beginning_of_time() }})
    or valid_to <= valid_from
    or (next_valid_from is not null and (valid_to is null or valid_to > next_valid_from))
