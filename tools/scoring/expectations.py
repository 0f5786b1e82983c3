"""Which rule must find which planted kind, and what else may correctly explain its findings.

A kind is matched by tokens: "item" means the event id, or the file and row, of each planted record; "file" its file;
"delivery" the delivery; "company" the company; anything else is a template, filled from each planted cell. `also` names
kinds whose effects a rule also sees: they explain a finding, but are not required. Changes of the redelivery count as
kinds. What a `natural` rule finds is in the nature of the data, planted or not.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Rule:
    finds: Mapping[str, str] = field(default_factory=dict)
    also: Mapping[str, str] = field(default_factory=dict)
    natural: bool = False


def items(*kinds: str) -> dict[str, str]:
    return dict.fromkeys(kinds, "item")


def files(*kinds: str) -> dict[str, str]:
    return dict.fromkeys(kinds, "file")


OTHER_CAMPAIGN = items("identity_changed", "campaign_out_of_flight")
PUBLISHER_AND_DAY = "key:{publisher_id}|{day}"

AD_SERVING = {
    # one row
    "missing_event_id": Rule(items("missing_event_id")),
    "unreadable_time": Rule(items("bad_timestamp")),
    "unknown_type": Rule(items("unknown_event_type")),
    "time_after_delivery": Rule(items("future_timestamp")),
    "negative_revenue": Rule(items("negative_revenue")),
    "revenue_on_unfilled": Rule(items("revenue_on_unfilled")),
    "filled_without_revenue": Rule(items("zero_revenue_filled")),
    "filled_without_floor": Rule(items("filled_without_floor"), also={"column_lost": "file"}),
    "paid_under_floor": Rule(items("paid_under_floor")),
    "unreadable_revenue": Rule(items("unreadable_revenue")),
    "quality_score_out_of_range": Rule(items("score_out_of_range")),
    "text_respelled": Rule(items("case_variant", "whitespace_variant", "quoted_text")),
    "region_of_other_country": Rule(items("region_not_in_country")),
    "browser_not_on_device": Rule(items("browser_device_mismatch")),
    "rejected_record": Rule(items("malformed_line")),
    "robot_user_agent": Rule(items("robot_user_agent")),
    "click_without_impression": Rule(items("click_without_impression"), also=items("follower_of_lost_impression")),
    # one file
    "blank_lines": Rule(files("blank_line")),
    "unmapped_columns": Rule(natural=True),
    "duplicate_in_file": Rule(items("duplicate_in_file"), also=items("case_variant", "whitespace_variant")),
    "outside_file_date": Rule(items("duplicate_across_files", "moved_day", "future_timestamp")),
    "file_size_out_of_line": Rule(files("truncated_file"), also=files("missing_hours")),
    "empty_column": Rule({"column_lost": "place:{file}/{column}"}),
    "file_unusable": Rule(),
    "dimension_key_repeated": Rule({"duplicate_dimension_key": "key:campaigns/{key}"}),
    "unreadable_value": Rule({"unreadable_dimension_value": "observed:{value}"}),
    "undecided_dates": Rule(),
    # across deliveries
    "event_in_two_files": Rule(items("duplicate_across_files")),
    "event_moved_day": Rule(items("moved_day")),
    "identity_changed": Rule(items("identity_changed")),
    "revenue_set_to_null": Rule(items("revenue_set_null")),
    "late_events": Rule({"late_event": "delivery"}),
    "dimension_changed": Rule({"dimension_changed": "delivery"}),
    "near_duplicate": Rule(items("near_duplicate")),
    # across sources
    "unknown_campaign": Rule(items("orphan_campaign")),
    "unknown_publisher": Rule(items("orphan_publisher")),
    "unknown_ad_unit": Rule(items("orphan_ad_unit")),
    "ad_unit_of_other_publisher": Rule(items("ad_unit_of_other_publisher")),
    "foreign_domain": Rule(items("domain_mismatch")),
    "unlisted_own_domain": Rule(dict.fromkeys(("own_subdomain", "own_alias"), "key:{publisher_id}|{domain}")),
    "advertiser_not_of_campaign": Rule(items("advertiser_mismatch")),
    "device_outside_targeting": Rule(items("device_outside_targeting"), also=OTHER_CAMPAIGN),
    "country_outside_targeting": Rule(items("country_outside_targeting"), also=OTHER_CAMPAIGN),
    "inactive_ad_unit": Rule({"inactive_ad_unit": "key:{ad_unit_id}|{day}"}),
    "out_of_flight": Rule(items("campaign_out_of_flight"), also=items("future_timestamp", "identity_changed")),
    "over_budget": Rule({"over_budget": "key:{campaign_id}"}),
    "partner_ledger_differs": Rule({"partner_amount_differs": "key:{key}|partner_billing|{period_end}"}),
    # aggregates
    "publisher_price_step": Rule({"price_step": PUBLISHER_AND_DAY}),
    "campaign_price_step": Rule(
        {"campaign_price_step": "key:{campaign_id}|{day}"}, also={"price_step": "event_date:{day}"}
    ),
    "publisher_price_out_of_line": Rule(),
    "cell_price_out_of_line": Rule({"cell_price_outlier": "key:{publisher_id}|{campaign_id}"}),
    "click_burst": Rule({"click_burst": "key:{publisher_id}|{day}|{hour}"}),
    "concentrated_identity": Rule(
        {"concentrated_identity": "key:{user}|{day}"},
        also={
            "flat_day": "user_id_hash:{user}",
            "uninformative_score": "user_id_hash:{user}",
            "click_burst": "event_date:{day}",
        },
    ),
    "flat_day": Rule({"flat_day": "key:{user}|{day}"}, also={"concentrated_identity": "user_id_hash:{user}"}),
    "whole_second_clock": Rule({"whole_second_clock": PUBLISHER_AND_DAY}),
    "viewability_out_of_line": Rule({"viewability_drop": "key:ad_unit_id|{ad_unit_id}"}),
    "fill_out_of_line": Rule({"zero_fill_segment": "key:country_code and publisher_id|{country}|{publisher_id}"}),
    "device_or_browser_missing": Rule(
        {
            "device_missing": "key:device_type|{publisher_id}|{device}",
            "browser_missing": "key:browser|{publisher_id}|{device}|{browser}",
        }
    ),
    "uninformative_score": Rule({"uninformative_score": "key:{publisher_id}"}),
    "missing_hours": Rule({"missing_hours": "key:{day}|{hour}"}, also={"truncated_file": "event_date:{day}"}),
    "missing_days": Rule(),
}  # fmt: skip

CONSENT = {
    "missing_event_id": Rule(items("missing_event_id")),
    "unreadable_time": Rule(items("unreadable_time", "unusable_correction")),
    "unusable_rate": Rule(items("unusable_rate")),
    "unknown_type": Rule(items("unknown_type")),
    "time_after_delivery": Rule(items("future_time")),
    "time_before_window": Rule(items("epoch_time")),
    "window_mismatch": Rule(items("window_mismatch"), also=items("future_time", "epoch_time")),
    "unlisted_company": Rule(items("unlisted_company")),
    "unknown_country": Rule(items("unknown_country")),
    "missing_country": Rule(items("missing_country")),
    "region_of_other_country": Rule(items("region_not_in_country")),
    "browser_not_on_device": Rule(items("browser_device_mismatch"), also=items("browser_sdk_mismatch")),
    "browser_not_of_sdk": Rule(items("browser_sdk_mismatch")),
    "headless_browser": Rule(items("headless_browser")),
    "missing_user": Rule(items("missing_user")),
    "count_below_inverse": Rule(items("count_below_inverse")),
    "count_above_inverse": Rule(items("count_above_inverse")),
    "missing_count": Rule(items("missing_count")),
    "rate_noise": Rule(items("rate_noise")),
    "text_respelled": Rule(items("case_variant", "whitespace_variant", "event_id_variant")),
    "country_without_quotes": Rule(items("unquoted_country"), also=items("missing_country")),
    "invalid_json": Rule(items("invalid_json")),
    "status_contradicts_choices": Rule(items("status_contradicts_parameters")),
    "volume_readings_contradict": Rule(natural=True),
    "updated_before_created": Rule(items("updated_before_created")),
    "rejected_record": Rule(items("malformed_record")),
    "blank_lines": Rule(files("blank_line")),
    "duplicate_in_file": Rule(items("duplicate_in_file"), also=items("event_id_variant")),
    "event_in_two_files": Rule(items("duplicate_across_files")),
    "record_in_other_file": Rule(
        items("record_in_other_file", "duplicate_across_files"), also=items("unlisted_company")
    ),
    "file_capped": Rule(),
    "file_unusable": Rule(),
    "unmapped_columns": Rule(natural=True),
    "empty_column": Rule(natural=True),
    "dimension_key_repeated": Rule({"duplicate_company": "file"}, also={"company_key_variant": "file"}),
    "dimension_changed": Rule({"company_changed": "delivery"}),
    "consent_changed": Rule(items("consent_changed")),
    "moved_later": Rule(items("moved_later")),
    "late_events": Rule({"late_event": "delivery"}),
    "concentrated_user": Rule({"concentrated_user": "company"}),
    "impossible_conversion": Rule(natural=True),
    "shared_user_id": Rule(),
    "sampled_by_user": Rule({"sampled_by_user": "key:{company_id}|{event_type}"}),
}  # fmt: skip

REVIEWS = {
    "missing_event_id": Rule(items("missing_reviewer")),
    "unreadable_time": Rule(items("unreadable_time")),
    "time_after_delivery": Rule(items("future_time")),
    "rating_out_of_range": Rule(items("rating_out_of_range")),
    "times_differ": Rule(items("times_differ")),
    "missing_product": Rule(items("missing_product")),
    "votes_above_total": Rule(items("votes_above_total")),
    "unreadable_votes": Rule(items("unreadable_votes")),
    "text_respelled": Rule(items("id_respelled")),
    "rejected_record": Rule(items("malformed_record")),
    "unreadable_literal": Rule(items("unreadable_literal")),
    "unreadable_value": Rule(items("unreadable_price")),
    "blank_lines": Rule(files("blank_line")),
    "duplicate_in_file": Rule(items("duplicate_in_file")),
    "event_in_two_files": Rule(items("repeated_in_next_load", "corrected_in_next_load")),
    "unmapped_columns": Rule({"undeclared_column": "place:{file}/{column}"}),
    "empty_column": Rule({"column_lost": "place:{file}/{column}"}),
    "file_unusable": Rule(),
    "dimension_key_repeated": Rule({"duplicate_product": "key:products/{product_id}"}),
    "dimension_changed": Rule({"product_changed": "member:products/{product_id}"}),
    "late_events": Rule({"late_review": "delivery"}),
    "unknown_product": Rule(items("unknown_product")),
    "before_product": Rule({"product_described_later": "key:{product_id}"}),
    "price_jump": Rule({"price_jump": "member:{product_id}"}),
    "brand_spelled_several_ways": Rule({"brand_spelled_several_ways": "key:{brand_id}"}),
    "category_of_one_product": Rule({"category_of_one_product": "key:{path}"}),
    "shared_text": Rule({"shared_text": "key:{text_key}"}),
    "reviewer_burst": Rule({"reviewer_burst": "key:{reviewer_key}|{day}"}),
    "equal_ratings_burst": Rule({"equal_ratings_burst": "key:{product_id}|{day}"}),
}  # fmt: skip

# a device's fault explains all findings about the device
OF_DEVICE = "device_id:{device_id}"
TELEMETRY = {
    "rejected_record": Rule(natural=True),  # the generator's truth counts what cannot be read
    "unmapped_columns": Rule(natural=True),
    "file_unusable": Rule(),
    "unreadable_time": Rule(),
    "time_after_delivery": Rule(),
    "stuck_sensor": Rule({"stuck_sensor": OF_DEVICE}),
    "drift": Rule({"drift": OF_DEVICE}, also=dict.fromkeys(("stuck_sensor", "unit_change"), OF_DEVICE)),
    "spike": Rule({"spike": OF_DEVICE}, also={"impossible_pair": OF_DEVICE}),
    "clock_skew": Rule({"clock_skew": OF_DEVICE}),
    "gap": Rule({"gap": OF_DEVICE}),
    "firmware_back": Rule({"firmware_back": OF_DEVICE}),
    "unit_change": Rule({"unit_change": OF_DEVICE}),
    "flooding": Rule({"flooding": OF_DEVICE}),
    "impossible_pair": Rule({"impossible_pair": OF_DEVICE}, also={"unit_change": OF_DEVICE}),
}  # fmt: skip

CAMPAIGN_AND_DAY = "key:{campaign_id}|{day}"
EVENT = "key:{event_id}"
AD_DELIVERY = {
    "rejected_record": Rule(),
    "unreadable_time": Rule(dict.fromkeys(("null_time", "infinite_time"), EVENT), also={"time_lost": EVENT}),
    "time_after_delivery": Rule({"future_time": EVENT}),
    "unmapped_columns": Rule(natural=True),  # times that no engine can store are kept there
    "unreadable_value": Rule({"nan_bid": "key:campaigns/{campaign_id}/bid_usd"}),
    "late_events": Rule(natural=True),
    "dimension_changed": Rule(natural=True),
    "unknown_campaign": Rule({"orphan_event": EVENT}, also={"campaign_lost": EVENT}),
    "unknown_advertiser": Rule(),
    "extraction_not_reconciled": Rule(),
    "changes_missing": Rule(),
    "clicks_above_impressions": Rule({"clicks_above_impressions": CAMPAIGN_AND_DAY}),
    "out_of_flight": Rule(
        dict.fromkeys(("after_end", "before_start"), CAMPAIGN_AND_DAY),
        also={"re_dated": "event_date:{day}"},
    ),
    "over_budget": Rule({"budget_passed": "key:{campaign_id}"}),
    "unpriced_impressions": Rule({"nan_bid": CAMPAIGN_AND_DAY}),
    "deleted_reference": Rule(
        {"deleted_campaign": "key:campaigns/{campaign_id}", "deleted_advertiser": "key:advertisers/{advertiser_id}"}
    ),
    "back_dated": Rule({"back_dated": "member:|{day}"}, also={"re_dated": "event_date:{day}"}),
    "silent_edit": Rule({"silent_edit": "member:{key}"}),
}  # fmt: skip

RULES = {
    **{f"ad_serving__{name}": rule for name, rule in AD_SERVING.items()},
    **{f"consent__{name}": rule for name, rule in CONSENT.items()},
    **{f"reviews__{name}": rule for name, rule in REVIEWS.items()},
    **{f"telemetry__{name}": rule for name, rule in TELEMETRY.items()},
    **{f"ad_delivery__{name}": rule for name, rule in AD_DELIVERY.items()},
}
