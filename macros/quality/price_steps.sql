{#
    The findings of a rule about days on which the prices of a publisher or campaign jump: the median price of the paid
    impressions of a day against the median of such days.
#}
{% macro findings_of_price_steps(member) -%}
with prices as (
    select
        {{ member }},
        event_date,
        count(*) as paid,
        sum(revenue_usd) as paid_usd,
        {{ median('price_micros') }} as price,
        min(first_delivery_id) as first_of_cell,
        max(_delivery_id) as last_of_cell
    from {{ ref('int_ad_serving__paid_impressions') }}
    where {{ member }} is not null
    group by {{ member }}, event_date
),

usual as (
    select
        {{ member }},
        {{ median('price') }} as usual_price
    from prices
    where paid >= {{ var('dq_least_prices') }}
    group by {{ member }}
    having count(*) >= {{ var('dq_least_peers') }}
),

steps as (
    select
        prices.*,
        usual.usual_price as usual_price
    from prices
    inner join usual on prices.{{ member }} = usual.{{ member }}
    where
        prices.paid >= {{ var('dq_least_prices') }}
        and {{ out_of_line('prices.price', 'usual.usual_price') }}
)

{{ findings(
    'steps', key=member ~ " || '|' || " ~ cast_to('event_date', 'text'), day='event_date',
    observed=price_text('price'), expected=price_text('usual_price'), records='paid',
    impact=amount_above_peers('paid_usd', 'price', 'usual_price'), numbers=['paid', 'paid_usd'], texts=[member],
    first='first_of_cell', last='last_of_cell'
) }}
{%- endmacro %}
