-- Why is the opt-in rate of this company's day another one than was reported?
-- Asked by consent product. The company whose opt-ins and notices were restated most, or --vars '{company_id: shop}'. Read
-- down a day: each delivery took the rate from before to after. It is opt_ins / notices, so the rate moved with either;
-- the counts say whether events were late, weigh another number of events, say another CONSENT, or moved.
-- One row per day and delivery that touched it; opt-ins and notices are estimates, the rest counts stored events.
with restatements as (
    select * from {{ ref('fct_consent_restatements') }}
),

moved_companies as (
    select
        company_id,
        sum(abs(opt_ins_weighted_once_difference) + abs(consent_asked_weighted_once_difference)) as moved_events
    from restatements
    where company_id is not null
    group by company_id
),

asked_company as (
    select company_id from moved_companies
    qualify row_number() over (order by moved_events desc, company_id asc) = 1
),

figures as (
    select * from {{ ref('fct_consent_company_daily_as_of') }}
    {%- if var('company_id', none) %}
    where company_id = {{ text_literal(var('company_id')) }}
    {%- else %}
    where company_id in (select asked_company.company_id from asked_company)
    {%- endif %}
),

history as (
    select
        figures.company_id as company_id,
        figures.event_date as event_date,
        figures._delivered_at as delivered_at,
        figures.publication,
        restatements.opt_in_rate_weighted_once_before as rate_before,
        figures.opt_in_rate_weighted_once as rate_after,
        figures.opt_in_rate_weighted_once_low as rate_low,
        figures.opt_in_rate_weighted_once_high as rate_high,
        figures.opt_ins_weighted_once as opt_ins,
        restatements.opt_ins_weighted_once_difference as opt_ins_difference,
        figures.consent_asked_weighted_once as notices,
        restatements.consent_asked_weighted_once_difference as notices_difference,
        restatements.events_late,
        restatements.events_reweighed,
        restatements.events_consent_changed,
        restatements.events_moved_in,
        restatements.events_moved_out,
        figures._delivery_id as delivery_id
    from figures
    left join restatements
        on
            figures.event_date = restatements.event_date
            and figures.company_id = restatements.company_id
            and figures._delivery_id = restatements._delivery_id
)

select * from history
order by event_date, delivery_id
