-- Why does the opt-in rate of this company's day differ from the reported one?
-- Asked by consent product. The company whose opt-ins and notices were restated most, or --vars '{company_id: shop}'. Read
-- down a day: each delivery changed the rate from before to after. The rate is opt_ins / notices, so it moves with
-- either. The counts say whether events were late, changed their weight or their CONSENT, or moved.
-- One row per day and delivery that touched it; opt-ins and notices are estimates, the rest counts stored events.
with restatements as (
    select * from {{ ref('rpt_consent_restatements') }}
),

moved_companies as (
    select
        company_id,
        sum(abs(opt_ins_difference) + abs(notices_difference)) as moved_events
    from restatements
    where
        company_id is not null
        and publication = 'restatement'
    group by company_id
),

asked_company as (
    select company_id from moved_companies
    qualify row_number() over (order by moved_events desc, company_id asc) = 1
)

select
    company_id,
    event_date,
    delivered_at,
    publication,
    opt_in_rate_before,
    opt_in_rate,
    opt_in_rate_low,
    opt_in_rate_high,
    opt_ins,
    opt_ins_difference,
    notices,
    notices_difference,
    events_late,
    events_reweighed,
    events_consent_changed,
    events_moved_in,
    events_moved_out,
    events_retracted,
    events_restored,
    retraction_reason,
    delivery_id
from restatements
{%- if var('company_id', none) %}
where company_id = {{ text_literal(var('company_id')) }}
{%- else %}
where company_id in (select asked_company.company_id from asked_company)
{%- endif %}
order by event_date, delivery_id
