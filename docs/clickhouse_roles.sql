-- What each part of duckhouse may do on a ClickHouse server (docs/clickhouse.md, "Users and roles"). For another prefix:
--
--     sed 's/duckhouse/PREFIX/g' docs/clickhouse_roles.sql | clickhouse-client --multiquery
--
-- tests/python/test_clickhouse_roles.py runs each command with exactly these rights, and refuses one that is not used.

-- python -m scripts.push
CREATE ROLE IF NOT EXISTS duckhouse_push;
GRANT CREATE DATABASE, CREATE TABLE, DROP TABLE, ALTER ADD COLUMN, ALTER DELETE, INSERT, SELECT ON raw_*.*
    TO duckhouse_push;
GRANT TABLE ENGINE ON MergeTree, TABLE ENGINE ON ReplacingMergeTree TO duckhouse_push;
GRANT SELECT ON system.columns, SELECT ON system.settings, SELECT ON system.tables TO duckhouse_push;

-- dbt, which reads what was pushed and builds in the audit databases
CREATE ROLE IF NOT EXISTS duckhouse_dbt;
GRANT SELECT ON raw_*.* TO duckhouse_dbt;
GRANT CREATE DATABASE, CREATE TABLE, CREATE VIEW, DROP TABLE, DROP VIEW, ALTER, INSERT, SELECT ON duckhouse_audit*.*
    TO duckhouse_dbt;
GRANT TABLE ENGINE ON MergeTree, TABLE ENGINE ON ReplacingMergeTree TO duckhouse_dbt;
GRANT SELECT ON system.databases, SELECT ON system.parts, SELECT ON system.settings, SELECT ON system.tables
    TO duckhouse_dbt;

-- python -m scripts.publish: duckhouse_* is duckhouse_audit_* too, which it reads
CREATE ROLE IF NOT EXISTS duckhouse_publish;
GRANT CREATE DATABASE, CREATE TABLE, CREATE VIEW, DROP TABLE, DROP VIEW, ALTER DELETE, INSERT, SELECT ON duckhouse_*.*
    TO duckhouse_publish;
GRANT TABLE ENGINE ON MergeTree, TABLE ENGINE ON ReplacingMergeTree TO duckhouse_publish;
GRANT SELECT ON system.databases, SELECT ON system.settings, SELECT ON system.tables TO duckhouse_publish;

-- Who reads what is published: the dashboard, the report, parity, alerts, and people. The databases are named one by
-- one, because duckhouse_* would show what is not published.
CREATE ROLE IF NOT EXISTS duckhouse_reader;
GRANT SELECT ON duckhouse_marts.*, SELECT ON duckhouse_quality.*, SELECT ON duckhouse_reporting.* TO duckhouse_reader;
-- published views read these, with the rights of who asks
GRANT SELECT ON duckhouse_intermediate.*, SELECT ON duckhouse_rules.*, SELECT ON duckhouse_staging.*
    TO duckhouse_reader;
-- when tables were built, and why nothing new is published
GRANT SELECT ON duckhouse_builds.*, SELECT ON duckhouse_audit_builds.* TO duckhouse_reader;
GRANT SELECT ON system.settings, SELECT ON system.tables TO duckhouse_reader;

-- No query of a reader takes the memory of a build, or runs for more than ten minutes.
CREATE SETTINGS PROFILE IF NOT EXISTS duckhouse_reader
    SETTINGS readonly = 2, max_memory_usage = 4000000000 MAX 4000000000, max_execution_time = 600 MAX 600
    TO duckhouse_reader;
