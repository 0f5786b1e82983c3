"""Made-up deliveries of the ad server: daily events, dimensions, diagnostics, a partner's ledger, and a redelivery.

Everything that is drawn is an integer (weights, money in micro-dollars, noise from rounded tables): floating-point
functions differ in the last bit between processors, and the same seed must give the same bytes everywhere.
"""
