"""Dagster runs the house: what is new is brought in, built, tested and published by itself.

definitions.py is what Dagster loads. Everything that is done is a function of duckhouse/, which imports nothing from
here. docs/orchestration.md explains it for users.
"""
