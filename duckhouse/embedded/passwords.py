"""Passwords of the embedded engines: given, or generated once and kept where only their owner can read them."""

import os
import secrets
from pathlib import Path

from duckhouse.cli import UserError


def given_password(variable: str | None) -> str:
    """The password in the named variable, which must then be set; else CLICKHOUSE_PASSWORD, empty where it is unset."""
    if variable is None:
        return os.environ.get("CLICKHOUSE_PASSWORD", "")
    password = os.environ.get(variable)
    if not password:
        raise UserError(f"--password-env {variable}: the environment variable is not set, or empty")
    return password


def kept_password(file: Path) -> str:
    """The password in `file`; generated where the file is missing, or empty because its writer was killed."""
    password = file.read_text() if file.exists() else ""
    if not password:
        password = secrets.token_urlsafe(24)
        file.unlink(missing_ok=True)
        file.touch(0o600)
        file.write_text(password)
    return password
