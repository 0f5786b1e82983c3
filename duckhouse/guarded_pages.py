"""Guards a page on this machine: it asks for a password, and a browser gets nothing of it for the pages of others.

Whoever uses this machine can open its ports. The page of Dagster starts runs, and the dashboard shows what only its
owner may read as a file.
"""

from starlette.authentication import AuthCredentials, AuthenticationBackend, AuthenticationError, SimpleUser
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, Response

from duckhouse.callers import basic_credentials, is_same, is_served
from duckhouse.page_password import page_password
from duckhouse.settings import page_names

PROBES = ("/_stcore/health", "/server_info")
"""What tells whether a server is up, and nothing of its data."""
ASKS = {"WWW-Authenticate": 'Basic realm="duckhouse", charset="UTF-8"'}
OWN = ("none", "same-origin")
"""Values of Sec-Fetch-Site for what the user or the page itself asks for."""
OPENED = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
"""How a browser marks a page that it opens: a link was followed, and the page with the link sees nothing of it."""


class ForeignPage(AuthenticationError):
    """The page of another asks."""


class Guard(AuthenticationBackend):
    """Lets in whoever gives the password, by any name."""

    async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, SimpleUser] | None:
        refuse_foreign_pages(conn)
        if conn.scope["path"] in PROBES:
            return None
        given = basic_credentials(conn.headers.get("authorization", ""))
        if given is None or not is_same(given[1], page_password()):
            raise AuthenticationError("The command that serves this page says where its password is.")
        return AuthCredentials(), SimpleUser(given[0])


def guard() -> Middleware:
    """To be the first middleware of a page."""
    return Middleware(AuthenticationMiddleware, backend=Guard(), on_error=refusal)


def refuse_foreign_pages(conn: HTTPConnection) -> None:
    """Raises ForeignPage for what the page of another asks for, or a page by a name that is not served."""
    host = conn.headers.get("host", "")
    if not is_served(host, ("localhost", *page_names())):
        raise ForeignPage("The header Host has neither an address nor localhost nor a name of DUCKHOUSE_PAGE_NAMES.")
    pages = (f"http://{host}", f"https://{host}")
    is_opened = conn.scope.get("method") == "GET" and OPENED.items() <= dict(conn.headers).items()
    is_own = conn.headers.get("sec-fetch-site", OWN[0]) in OWN
    if conn.headers.get("origin", pages[0]) not in pages or not (is_own or is_opened):
        raise ForeignPage("Requests of other pages are not served.")


def refusal(_: HTTPConnection, error: Exception) -> Response:
    if isinstance(error, ForeignPage):
        return PlainTextResponse(str(error), 403)
    return PlainTextResponse(str(error), 401, ASKS)
