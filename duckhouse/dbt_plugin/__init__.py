"""What plugins/dbt_duckhouse.py teaches dbt, and docs/builds.md says for users.

A build leaves out what is up to date (tasks), a test of several checks says which of them fail (messages), and macros
that the adapter calls share what they are made with (contexts).
"""
