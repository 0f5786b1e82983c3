"""What plugins/dbt_duckhouse.py adds to dbt; docs/builds.md explains it for users.

- tasks: a build leaves out what is up to date; a command that would spoil tables is refused.
- project_graph: what the nodes of the project read; graph: which of them are up to date.
- notes: what a command knows about the warehouse, and records there.
- messages: a test of several checks says which of them fail, a test of findings which rules have some.
- blocking: a build that fails says and records what blocks it.
- credentials: the password of the embedded ClickHouse is found.
- repeated: what dbt creates again for each call is cached.
- unread: events and a summary that nobody reads are not created.
- asked: a node asks its engine only once for the columns of a table or a query.
- inlined: an ephemeral model that is read once is a subquery.
- refusals: where dbt cannot work, it says what to do.
"""
