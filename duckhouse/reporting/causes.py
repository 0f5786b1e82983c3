"""Why a published day changed: columns of restatement views that count events of a delivery, and their names."""

AD_SERVING = {
    "events_late": "late",
    "events_changed": "changed",
    "events_set_to_null": "set to NULL",
    "events_reappeared": "reappeared",
    "events_moved_in": "moved in",
    "events_moved_out": "moved out",
    "events_retracted": "retracted",
    "events_restored": "restored",
}
CONSENT = {
    "events_late": "late",
    "events_reweighed": "reweighed",
    "events_consent_changed": "consent changed",
    "events_moved_in": "moved in",
    "events_moved_out": "moved out",
    "events_retracted": "retracted",
    "events_restored": "restored",
}
RETRACTION = {"retracted_delivery_id": "takes back", "retraction_reason": "because"}
