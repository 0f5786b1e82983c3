with source as (
    select * from {{ source('ad_serving', 'partner_ledger') }}
    where {{ is_new_delivery('ad_serving') }}
),

ledger as (
    select
        ---------- ids
        {{ cast_to(clean_id('source.partner_account_id'), 'text_nullable') }} as partner_account_id,
        {{ cast_to(clean_text('source.source_system'), 'text_nullable') }} as source_system,

        ---------- money
        {{ cast_to(parse_amount('source.partner_amount'), 'money_nullable') }} as partner_amount,
        {{ cast_to(upper_text(clean_text('source.partner_currency')), 'text_nullable') }} as partner_currency,

        ---------- period
        {{ cast_to(parse_date(clean_text('source.period_end')), 'date_nullable') }} as period_end,

        ---------- delivery
        {{ landed_columns('source') }}
    from source
)

select * from ledger
