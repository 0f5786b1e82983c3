{{ publications_of(ref('stg_ad_serving__files'), ref('int_ad_serving__record_ledger')) }}
