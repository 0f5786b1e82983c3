"""Made-up readings of devices, to a Kafka topic or a file, with planted faults and the truth about them.

A reading is a function of its device and its time, in integers: the same seed and start give the same bytes.
"""
