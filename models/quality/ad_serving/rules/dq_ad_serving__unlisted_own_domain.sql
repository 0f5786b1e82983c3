with {{ kinship_of_domains(ref('fct_ad_events'), ref('dim_publishers_history')) }},

unlisted as (
    select
        events.publisher_id as publisher_id,
        events.site_domain as site_domain,
        judged_domains.kinship as kinship,
        judged_domains.expected_domains as expected_domains,
        count(*) as event_count,
        sum(events.revenue_usd) as amount,
        min(events.first_delivery_id) as first_of_cell,
        max(events._delivery_id) as last_of_cell
    from {{ ref('fct_ad_events') }} as events
    inner join judged_domains
        on
            events.publisher_id = judged_domains.publisher_id
            and events.site_domain = judged_domains.site_domain
    where judged_domains.kinship in ('below', 'alias')
    group by events.publisher_id, events.site_domain, judged_domains.kinship, judged_domains.expected_domains
)

{{ findings(
    'unlisted', key="publisher_id || '|' || site_domain", observed='site_domain', expected='expected_domains', records='event_count',
    impact='amount', texts=['publisher_id', 'site_domain', 'kinship'], first='first_of_cell', last='last_of_cell'
) }}
