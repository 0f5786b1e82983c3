{%- set rules = [
    'ad_serving__ad_unit_of_other_publisher',
    'ad_serving__advertiser_not_of_campaign',
    'ad_serving__blank_lines',
    'ad_serving__browser_not_on_device',
    'ad_serving__campaign_price_step',
    'ad_serving__cell_price_out_of_line',
    'ad_serving__click_burst',
    'ad_serving__click_without_impression',
    'ad_serving__concentrated_identity',
    'ad_serving__country_outside_targeting',
    'ad_serving__device_outside_targeting',
    'ad_serving__dimension_changed',
    'ad_serving__dimension_key_repeated',
    'ad_serving__dimension_value_unreadable',
    'ad_serving__duplicate_in_file',
    'ad_serving__empty_column',
    'ad_serving__event_in_two_files',
    'ad_serving__event_moved_day',
    'ad_serving__file_size_out_of_line',
    'ad_serving__file_unusable',
    'ad_serving__fill_out_of_line',
    'ad_serving__filled_without_floor',
    'ad_serving__filled_without_revenue',
    'ad_serving__flat_day',
    'ad_serving__foreign_domain',
    'ad_serving__identity_changed',
    'ad_serving__inactive_ad_unit',
    'ad_serving__late_events',
    'ad_serving__missing_days',
    'ad_serving__missing_event_id',
    'ad_serving__missing_hours',
    'ad_serving__near_duplicate',
    'ad_serving__negative_revenue',
    'ad_serving__out_of_flight',
    'ad_serving__outside_file_date',
    'ad_serving__over_budget',
    'ad_serving__paid_under_floor',
    'ad_serving__partner_ledger_differs',
    'ad_serving__publisher_price_out_of_line',
    'ad_serving__publisher_price_step',
    'ad_serving__quality_score_out_of_range',
    'ad_serving__region_of_other_country',
    'ad_serving__rejected_record',
    'ad_serving__revenue_on_unfilled',
    'ad_serving__revenue_set_to_null',
    'ad_serving__robot_user_agent',
    'ad_serving__text_respelled',
    'ad_serving__time_after_delivery',
    'ad_serving__unknown_ad_unit',
    'ad_serving__unknown_campaign',
    'ad_serving__unknown_event_type',
    'ad_serving__unknown_publisher',
    'ad_serving__unmapped_columns',
    'ad_serving__unreadable_revenue',
    'ad_serving__unreadable_time',
    'ad_serving__viewability_out_of_line',
    'ad_serving__whole_second_clock',
    'consent__blank_lines',
    'consent__browser_not_of_sdk',
    'consent__browser_not_on_device',
    'consent__company_changed',
    'consent__company_key_repeated',
    'consent__concentrated_user',
    'consent__consent_changed',
    'consent__count_above_inverse',
    'consent__count_below_inverse',
    'consent__country_without_quotes',
    'consent__duplicate_in_file',
    'consent__empty_column',
    'consent__event_in_two_files',
    'consent__file_capped',
    'consent__headless_browser',
    'consent__impossible_conversion',
    'consent__invalid_json',
    'consent__late_events',
    'consent__missing_count',
    'consent__missing_country',
    'consent__missing_event_id',
    'consent__missing_user',
    'consent__moved_later',
    'consent__rate_noise',
    'consent__record_in_other_file',
    'consent__region_of_other_country',
    'consent__rejected_record',
    'consent__shared_user_id',
    'consent__status_contradicts_choices',
    'consent__text_respelled',
    'consent__time_after_delivery',
    'consent__time_before_window',
    'consent__unknown_country',
    'consent__unknown_type',
    'consent__unlisted_company',
    'consent__unreadable_time',
    'consent__unusable_rate',
    'consent__updated_before_created',
    'consent__volume_readings_contradict',
    'consent__window_mismatch',
] %}

with found as (
    {%- for rule in rules %}
    select * from {{ ref('dq_' ~ rule) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

ranked as (
    select
        *,
        row_number() over (partition by rule_id, finding_key order by last_delivery_id desc, evidence desc) as recency,
        min(first_delivery_id) over (partition by rule_id, finding_key) as first_of_all,
        sum(record_count) over (partition by rule_id, finding_key) as records_of_all
    from found
),

events_found as (
    select distinct
        source as event_source,
        finding_key as found_id
    from found
    where scope in ('row', 'file', 'deliveries', 'sources')
),

events_now as (
    {%- for source, models in var('sources').items() %}
    select
        events_found.event_source as source,
        events.event_id as event_id,
        events._delivery_id as _delivery_id
    from {{ ref(models.events) }} as events
    inner join events_found
        on
            events.event_id = events_found.found_id
            and events_found.event_source = '{{ source }}'
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

final as (
    select
        {{ cast_to(md5_text("ranked.rule_id || '|' || ranked.finding_key"), 'text') }} as finding_id,
        ranked.rule_id as rule_id,
        ranked.source as source,
        ranked.entity as entity,
        ranked.scope as scope,
        ranked.severity as severity,
        ranked.finding_key as finding_key,
        ranked.event_date as event_date,
        ranked.observed as observed,
        ranked.expected as expected,
        {{ cast_to('ranked.records_of_all', 'integer') }} as record_count,
        ranked.impact_usd as impact_usd,
        ranked.evidence as evidence,
        {{ cast_to('ranked.first_of_all', 'text') }} as first_delivery_id,
        ranked.last_delivery_id as last_delivery_id,
        {{ cast_to(
            "ranked.scope <> 'row' or coalesce(events_now._delivery_id <= ranked.last_delivery_id, true)", 'boolean'
        ) }} as is_open,
        {{ cast_to('events_now.event_id is not null', 'boolean') }} as is_about_event
    from ranked
    left join events_now
        on
            ranked.source = events_now.source
            and ranked.finding_key = events_now.event_id
    where ranked.recency = 1
)

select * from final
