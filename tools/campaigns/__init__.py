"""Campaigns: many kills in a row, drawn from a seed, and a look at whether figures still hold."""
