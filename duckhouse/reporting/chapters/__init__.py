"""The chapters of the report: one per source, with its name, and one for what the rules found in all sources."""
