"""What plugins/dbt_duckhouse.py teaches dbt, and docs/builds.md says for users.

A build leaves out what is up to date (tasks), a test of several checks says which of them fail (messages), the password
of the embedded ClickHouse is found (credentials), what dbt makes anew for each call is kept (repeated), events that
nobody reads are not made (unread), a node asks its engine once for the columns of a table or a query (asked), and where
dbt cannot work it says what to do (refusals).
"""
