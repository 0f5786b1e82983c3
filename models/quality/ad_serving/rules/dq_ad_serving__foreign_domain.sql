with domains as (
    select distinct
        publisher_id,
        site_domain
    from {{ ref('fct_ad_events') }}
    where site_domain is not null
),

own_domains as (
    select distinct
        publisher_id,
        {{ replace_all('primary_domain', '^www[.]', '') }} as own_domain
    from {{ ref('dim_publishers_history') }}
    where primary_domain is not null
),

compared as (
    select
        domains.publisher_id as publisher_id,
        domains.site_domain as site_domain,
        max(case
            when domains.site_domain = own_domains.own_domain then 1
            when right(domains.site_domain, length(own_domains.own_domain) + 1) = '.' || own_domains.own_domain then 1
            else 0
        end) as is_own,
        {{ ordered_text_agg('own_domains.own_domain') }} as expected_domains
    from domains
    inner join own_domains on domains.publisher_id = own_domains.publisher_id
    group by domains.publisher_id, domains.site_domain
),

foreigners as (
    select
        events.*,
        compared.expected_domains as expected_domains
    from {{ ref('fct_ad_events') }} as events
    inner join compared
        on
            events.publisher_id = compared.publisher_id
            and events.site_domain = compared.site_domain
    where compared.is_own = 0
)

{{ findings_of_records(
    'foreigners', observed='site_domain', expected='expected_domains', impact='revenue_usd', texts=['publisher_id', 'ad_unit_id']
) }}
