"""The chapters of the report: one a source, of its name, and one for what the rules found in all."""
