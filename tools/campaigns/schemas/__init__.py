"""Random, deliberately unusual PostgreSQL tables, extracted and compared with their content."""
