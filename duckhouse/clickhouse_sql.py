"""Names and texts as ClickHouse reads them in SQL."""


def quote(identifier: str) -> str:
    escaped = identifier.replace("\\", "\\\\").replace("`", "\\`")
    return f"`{escaped}`"


def full_name(database: str, name: str) -> str:
    return f"{quote(database)}.{quote(name)}"


def literal(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
