with {{ kinship_of_domains(ref('fct_ad_events'), ref('dim_publishers_history')) }},

foreigners as (
    select
        events.*,
        judged_domains.expected_domains as expected_domains
    from {{ ref('fct_ad_events') }} as events
    inner join judged_domains
        on
            events.publisher_id = judged_domains.publisher_id
            and events.site_domain = judged_domains.site_domain
    where judged_domains.kinship = 'foreign'
)

{{ findings_of_records(
    'foreigners', observed='site_domain', expected='expected_domains', impact='revenue_usd', texts=['publisher_id', 'ad_unit_id']
) }}
