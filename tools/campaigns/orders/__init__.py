"""Deliveries arrive in any order."""
