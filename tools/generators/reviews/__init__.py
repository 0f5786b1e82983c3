"""Made-up deliveries of product reviews: load files of a shop's export, product metadata, and a redelivery.

As in ad_serving everything that is drawn is an integer: the same seed gives the same bytes on every machine.
"""
