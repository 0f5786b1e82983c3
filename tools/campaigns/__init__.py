"""Campaigns: many kills in a row, drawn from a seed, followed by a check that figures are still right."""
