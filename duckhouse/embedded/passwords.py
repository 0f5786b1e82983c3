"""Passwords of the embedded engines: drawn once, kept where only their owner reads them."""

import secrets
from pathlib import Path


def kept_password(file: Path) -> str:
    """The password in `file`; one is drawn where the file is missing, or empty because its writer was killed."""
    password = file.read_text() if file.exists() else ""
    if not password:
        password = secrets.token_urlsafe(24)
        file.unlink(missing_ok=True)
        file.touch(0o600)
        file.write_text(password)
    return password
