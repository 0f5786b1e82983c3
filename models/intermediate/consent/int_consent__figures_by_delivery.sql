{%- set ledger = ref('int_consent__record_ledger') %}

{{ figures_by_delivery(
    ledger,
    '(' ~ publications_of(ref('stg_consent__files'), ledger) ~ ')',
    by='company_id',
    effects=delivery_effects(consent_effects()),
    figures=consent_figures(),
) }}
