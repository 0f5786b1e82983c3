with daily as (
    select
        choices.*,
        choices.company_id as company,
        choices.country_code as country,
        choices.device_type as device,
        {{ has_notices('choices.company_id') }} as has_notices,
        {{ day_or_later('choices.event_date') }} as day
    from {{ ref('fct_consent_choices_daily') }} as choices
),

sums as (
    {{ breakdowns('daily', ['company', 'country', 'device', 'day'], choice_sums('daily'), per=['kind', 'item_id']) }}
),

rates as (
    select
        *,
        {{ ratio('enabled_once', 'decided_once') }} as enabled_rate,
        sqrt({{ share_variance('enabled', 'decided') }}) as enabled_rate_se,
        {{ ratio('enabled_with_notices_once', 'offered_once') }} as enabled_per_offer,
        sqrt({{ ratio_variance('enabled_with_notices', 'offered') }}) as enabled_per_offer_se
    from sums
),

final as (
    select
        ---------- item and breakdown
        {{ cast_to('rates.kind', 'text') }} as kind,
        {{ cast_to('rates.item_id', 'text') }} as item_id,
        rates.breakdown as breakdown,
        rates.member as member,

        ---------- rates to report
        {{ reported_rate('enabled_rate', 'rates.enabled_rate', 'rates.enabled_rate_se', at_most='1') }},
        {{ precision_of(
            'rates.enabled_rate', 'rates.enabled_rate_se', ['rates.enabled_variance', 'rates.decided_variance'],
            'no choice is stored'
        ) }} as enabled_rate_precision,
        {{ reported_rate('enabled_per_offer', 'rates.enabled_per_offer', 'rates.enabled_per_offer_se') }},
        {{ precision_of(
            'rates.enabled_per_offer', 'rates.enabled_per_offer_se',
            ['rates.enabled_with_notices_variance', 'rates.offered_variance'], 'no offer is stored'
        ) }} as enabled_per_offer_precision,
        {{ is_small('rates.decided') }} as enabled_rate_is_small_sample,
        {{ is_small('rates.offered') }} as enabled_per_offer_is_small_sample,

        ---------- volumes behind them
        {%- for choice in ['offered', 'enabled', 'disabled'] %}
        {{ reported_volume(choice, 'rates.' ~ choice) }},
        {{ cast_to('rates.' ~ choice ~ '_sampled', 'integer') }} as {{ choice }}_stored,
        {%- endfor %}
        {{ cast_to('rates.company_count', 'integer') }} as companies
    from rates
)

select * from final
