"""What SQL may do in the embedded engine, as the engine's own configuration: use tables of its data directory only.

The engine is a command-line tool inside, which lets SQL read and write every file, run programs and open network
connections. Its user gets the rights that dbt and a push need, but no outside source: file(), url(), s3(), postgresql()
and their table engines are denied.
"""

from xml.sax.saxutils import escape

GRANTS = (
    "SHOW DATABASES, SHOW TABLES, SHOW COLUMNS, CHECK, SELECT, INSERT, ALTER, CREATE DATABASE, CREATE TABLE, "
    "CREATE VIEW, CREATE TEMPORARY TABLE, CREATE ARBITRARY TEMPORARY TABLE, DROP DATABASE, DROP TABLE, DROP VIEW, "
    "UNDROP TABLE, TRUNCATE, OPTIMIZE, KILL QUERY, SYSTEM MERGES"
)
# Each of these names a file, contains an expression that no statement shows, or changes the SQL dialect.
FIXED_SETTINGS = (
    "additional_result_filter",
    "additional_table_filters",
    "dialect",
    "format_schema",
    "format_template_resultset",
    "format_template_row",
    "implicit_select",
    "input_format_record_errors_file_path",
    "output_format_schema",
    "parallel_replicas_custom_key",
)


def configuration(path: str) -> str:
    """The text of the configuration file for `path`; the engine reads its users from it too."""
    fixed = "".join(f"<{name}><const/></{name}>" for name in FIXED_SETTINGS)
    # A command-line tool reads `foo` as `SELECT foo`; a server reports a syntax error.
    return f"""<clickhouse>
    <users_config>{escape(path)}</users_config>
    <profiles><default><implicit_select>0</implicit_select><constraints>{fixed}</constraints></default></profiles>
    <quotas><default/></quotas>
    <users>
        <default>
            <password/>
            <networks><ip>::/0</ip></networks>
            <profile>default</profile>
            <quota>default</quota>
            <grants><query>GRANT {GRANTS} ON *.*</query></grants>
        </default>
    </users>
</clickhouse>
"""
