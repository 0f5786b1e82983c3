"""What plugins/dbt_duckhouse.py teaches dbt, and docs/builds.md says for users.

A build leaves out what is up to date (tasks), a test of several checks says which of them fail (messages), the password
of the embedded ClickHouse is found (credentials), a DuckDB file that is held is told in a line (held), and what dbt
makes anew for each call is kept (repeated).
"""
