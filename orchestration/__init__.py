"""Dagster runs the house: what is new is brought in, built, tested and published by itself.

definitions.py is what Dagster loads. Everything that is done is a function of duckhouse/; docs/orchestration.md explains
it for users. duckhouse/ and scripts/ import nothing from here.
"""
