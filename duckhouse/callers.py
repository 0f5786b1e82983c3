"""Who asks a server on this machine: by which name, on which page, with which password.

A browser sends requests for any page that it shows, with the password that it keeps for their address. It names the
page in Origin and Sec-Fetch-Site. A page whose own name leads to this machine (DNS rebinding) counts as a page of the
server, but that name stands in Host.
"""

import base64
import hmac
import ipaddress
import re
from collections.abc import Collection

_AUTHORITY = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\[\]@/?#:\s]+))(?::[0-9]*)?")


def is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    return host == "localhost" or (is_address(host) and ipaddress.ip_address(host).is_loopback)


def is_served(host: str, names: Collection[str]) -> bool:
    """Whether a header Host has an address, or one of these names in lower case."""
    found = _AUTHORITY.fullmatch(host)
    name = (found[1] or found[2]).lower() if found else ""
    return name in names or is_address(name)


def basic_credentials(header: str) -> tuple[str, str] | None:
    """User and password of a header Authorization; None where it is not Basic, two empty texts where it is damaged."""
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, password = base64.b64decode(token, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return user, password


def is_same(given: str, password: str) -> bool:
    """Compares in a time that does not tell how much of it is right."""
    return hmac.compare_digest(*(text.encode("utf-8", "surrogateescape") for text in (given, password)))
