{#
    How the domains of events relate to those of their publishers: relations, the last of which is judged_domains: one
    row per publisher with a domain of its own and site_domain that it shows. kinship is own, below (a subdomain), alias
    (the same name with other hyphens or another ending) or foreign. A domain that belongs to another publisher is no
    alias, and a publisher below somebody's domain has no aliases. A leading www. is ignored; expected_domains has the
    publisher's domains in all versions.
#}
{% macro kinship_of_domains(events, publishers) -%}
{%- set bare = replace_all('shown.site_domain', '^www[.]', '') -%}
{%- set bare_alias = replace_all('related.site_domain', '^www[.]', '') -%}
    shown as (
        select distinct
            publisher_id,
            site_domain
        from {{ events }}
        where site_domain is not null
    ),

    own_domains as (
        select distinct
            publisher_id,
            {{ replace_all('primary_domain', '^www[.]', '') }} as own_domain
        from {{ publishers }}
        where primary_domain is not null
    ),

    related as (
        select
            shown.publisher_id as publisher_id,
            shown.site_domain as site_domain,
            max(case
                when {{ bare }} = own_domains.own_domain then 3
                when {{ is_below(bare, 'own_domains.own_domain') }} then 2
                when {{ is_alias_of(bare, 'own_domains.own_domain') }} then 1
                else 0
            end) as closeness,
            {{ ordered_text_agg('own_domains.own_domain') }} as expected_domains
        from shown
        inner join own_domains on shown.publisher_id = own_domains.publisher_id
        group by shown.publisher_id, shown.site_domain
    ),

    of_others as (
        select distinct related.site_domain as site_domain
        from related
        cross join own_domains
        where
            related.closeness = 1
            and (
                {{ bare_alias }} = own_domains.own_domain
                or {{ is_below(bare_alias, 'own_domains.own_domain') }}
            )
    ),

    judged_domains as (
        select
            publisher_id,
            site_domain,
            expected_domains,
            case
                when closeness = 3 then 'own'
                when closeness = 2 then 'below'
                when closeness = 1 and site_domain not in (select of_others.site_domain from of_others) then 'alias'
                else 'foreign'
            end as kinship
        from related
    )
{%- endmacro %}


{% macro is_below(domain, parent) -%}
    right({{ domain }}, length({{ parent }}) + 1) = '.' || {{ parent }}
{%- endmacro %}

{% macro is_alias_of(domain, own) -%}
    (
        {{ name_of_domain(domain) }} = {{ replace_all(without_ending(own), '-', '') }}
        and {{ without_ending(own) }} not like '%.%'
    )
{%- endmacro %}

{# cinemabuzz of m.cinema-buzz.co.uk #}
{% macro name_of_domain(domain) -%}
    {{ replace_all(replace_all(without_ending(domain), '^([^.]*[.])*', ''), '-', '') }}
{%- endmacro %}

{% macro without_ending(domain) -%}
    {{ replace_all(domain, '([.](ac|co|com|edu|gov|net|org))?[.][^.]+$', '') }}
{%- endmacro %}
