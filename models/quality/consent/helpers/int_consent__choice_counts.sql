with counts as (
    select
        event_id,
        count(*) filter (where choice = 'enabled' and kind = 'purposes') as purposes_enabled,
        count(*) filter (where choice = 'disabled' and kind = 'purposes') as purposes_disabled,
        count(*) filter (where choice = 'enabled' and kind = 'vendors') as vendors_enabled,
        count(*) filter (where choice = 'disabled' and kind = 'vendors') as vendors_disabled
    from {{ ref('fct_consent_choices') }}
    where
        event_type = 'consent.given'
        and kind in ('purposes', 'vendors')
    group by event_id
),

implied as (
    select
        *,
        case
            when purposes_enabled + vendors_enabled = 0 then 'opt-out'
            when purposes_disabled + vendors_disabled = 0 then 'full opt-in'
            else 'partial opt-in'
        end as implied_status
    from counts
)

select * from implied
