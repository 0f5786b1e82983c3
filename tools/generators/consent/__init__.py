"""Made-up deliveries of a consent management platform: companies, their sampled events, and a redelivery.

The full population of events is drawn first and then sampled like the platform does, so its totals are known. As in
ad_serving everything that is drawn is an integer: the same seed gives the same bytes on every machine.
"""
