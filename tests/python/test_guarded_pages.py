"""A page on this machine is for who has its password, and never for the pages of others."""

import asyncio
import base64
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from duckhouse.guarded_pages import Guard, guard
from duckhouse.page_password import how_to_sign_in, kept_in, page_password
from orchestration import page

PASSWORD = "clé: of the tests"
HOST = "127.0.0.1:8501"
OPENED = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


def basic(password: str, user: str = "anna") -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"}


async def told(_: Request) -> PlainTextResponse:
    return PlainTextResponse("figures")


async def stream(socket: WebSocket) -> None:
    await socket.accept()


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DUCKHOUSE_PAGE_PASSWORD", PASSWORD)
    monkeypatch.setenv("DUCKHOUSE_LANDING", str(tmp_path / "landing"))


def answer(headers: dict[str, str], path: str = "/", method: str = "GET", kind: str = "http") -> dict[str, Any]:
    """The first message with which a guarded app answers a request."""
    routes = [
        Route("/", told, methods=["GET", "POST"]),
        Route("/_stcore/health", told),
        WebSocketRoute("/stream", stream),
    ]
    sent: list[dict[str, Any]] = []
    scope = {
        "type": kind,
        "path": path,
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        **({"method": method} if kind == "http" else {"subprotocols": []}),
    }

    async def receive() -> dict[str, Any]:
        return {"type": f"{kind}.connect" if kind == "websocket" else "http.request"}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(Starlette(routes=routes, middleware=[guard()])(scope, receive, send))
    return sent[0]


def status(headers: dict[str, str], **request: str) -> int:
    return int(answer({"Host": HOST, **headers}, **request)["status"])


@pytest.mark.parametrize("host", [HOST, "localhost:3000", "[::1]:3000", "192.168.0.7"])
def test_who_has_the_password_gets_the_page(host: str) -> None:
    assert status(basic(PASSWORD) | {"Host": host}) == 200
    assert status(basic(PASSWORD) | {"Host": host, "Origin": f"http://{host}"}, method="POST") == 200


@pytest.mark.parametrize(
    "given",
    [{}, basic(""), basic("wrong"), basic(PASSWORD[:-1]), basic(f"{PASSWORD} "), {"Authorization": "Basic é"},
     {"Authorization": f"Bearer {PASSWORD}"}, {"Cookie": f"password={PASSWORD}"}],
)  # fmt: skip
def test_who_lacks_it_is_asked_for_it(given: dict[str, str]) -> None:
    first = answer({"Host": HOST, **given})
    assert first["status"] == 401
    assert dict(first["headers"])[b"www-authenticate"].startswith(b"Basic ")
    assert answer({"Host": HOST, **given}, path="/stream", kind="websocket")["type"] == "websocket.close"


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "rebound.example.com:8501"},
        {"Host": "127.0.0.1.example.com"},
        {"Host": ""},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Origin": f"http://{HOST}.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", **OPENED, "Sec-Fetch-Dest": "iframe"},
        {"Sec-Fetch-Site": "cross-site", **OPENED, "Origin": "http://evil.example"},
    ],
)
def test_pages_of_others_get_nothing_though_the_browser_knows_the_password(headers: dict[str, str]) -> None:
    known = basic(PASSWORD) | headers
    assert status(known) == status(known, path="/_stcore/health") == 403
    assert answer({"Host": HOST, **known}, path="/stream", kind="websocket")["type"] == "websocket.close"


@pytest.mark.parametrize("host", ["data.example.com", "DATA.example.com", "figures.example.com:8443"])
def test_a_proxy_serves_the_page_by_the_names_that_are_set(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    known = basic(PASSWORD) | {"Host": host, "Origin": f"https://{host}"}
    assert status(known) == 403
    monkeypatch.setenv("DUCKHOUSE_PAGE_NAMES", "data.example.com, Figures.example.com")
    assert status(known) == 200
    assert answer(known, path="/stream", kind="websocket")["type"] == "websocket.accept"
    assert status(known | {"Host": f"evil.{host}"}) == 403
    assert status(known | {"Origin": "https://evil.example"}) == 403


def test_a_link_elsewhere_opens_the_page_and_posts_nothing() -> None:
    link = basic(PASSWORD) | {"Sec-Fetch-Site": "cross-site", **OPENED}
    assert status(link) == 200
    assert status(link, method="POST") == 403


def test_its_own_stream_is_open() -> None:
    own = basic(PASSWORD) | {"Host": HOST, "Origin": f"http://{HOST}"}
    assert answer(own, path="/stream", kind="websocket")["type"] == "websocket.accept"


def test_whether_it_is_up_needs_no_password() -> None:
    assert status({}, path="/_stcore/health") == 200


def test_a_password_is_drawn_once_and_kept_for_its_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    assert how_to_sign_in() == "sign in by any name and the password in DUCKHOUSE_PAGE_PASSWORD"
    monkeypatch.setenv("DUCKHOUSE_PAGE_PASSWORD", "")
    assert status(basic("")) == 401
    assert str(kept_in()) in how_to_sign_in()
    assert kept_in().stat().st_mode & 0o077 == 0
    assert page_password() == kept_in().read_text() not in how_to_sign_in()
    assert len(page_password()) >= 32
    assert status(basic(page_password())) == 200


def test_every_combination_is_refused_but_those_that_are_right() -> None:
    secret = basic(PASSWORD)["Authorization"]
    tries: dict[str, dict[str | None, bool]] = {
        "kind": {"GET": True, "POST": True, "websocket": True},
        "Host": {HOST: True, "localhost": True, "[::1]": True, "rebound.example": False, "[1.2.3]": False}
        | {"2130706433": False, "a@127.0.0.1": False, None: False},
        "Origin": {None: True, "own": True, "http://evil.example": False, "null": False, "": False},
        "Sec-Fetch-Site": {None: True, "none": True, "same-origin": True, "same-site": False, "cross-site": False},
        "Authorization": {secret: True, None: False, "Basic": False, basic("wrong")["Authorization"]: False}
        | {secret.replace("Basic", "Bearer"): False},
    }
    tried, served = 0, []
    for kind, *given in product(*tries.values()):
        headers = {name: text for name, text in zip([*tries][1:], given, strict=True) if text is not None}
        if given[1] == "own":
            headers["Origin"] = f"http://{given[0]}"
        is_stream = kind == "websocket"
        first = answer(headers, "/stream" if is_stream else "/", kind or "", "websocket" if is_stream else "http")
        tried += 1
        if first["type"] == "websocket.accept" or first.get("status") == 200:
            served.append((kind, *given))
    right = [[text for text, is_right in one.items() if is_right] for one in tries.values()]
    assert (tried, len(served)) == (3000, 54)
    assert served == list(product(*right))


# ---------- Dagster's page


def test_dagster_starts_its_page_behind_the_password_or_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[list[str]] = []
    monkeypatch.setattr(page, "open_ipc_subprocess", lambda parts, **_: begun.append(parts))
    page.started(["python", "-m", "dagster_webserver", "--port", "3000"])
    page.started(["python", "-m", "dagster._daemon", "run"])
    assert begun == [["python", *page.GUARDED, "--port", "3000"], ["python", "-m", "dagster._daemon", "run"]]
    with pytest.raises(RuntimeError, match="might be a page without a password"):
        page.started(["python", "-m", "dagster_ui", "--port", "3000"])
    with pytest.raises(RuntimeError, match="would not ask for a password"):
        page.develop()
    first = page.GuardedPage.build_middleware(object.__new__(page.GuardedPage))[0]
    assert isinstance(first.kwargs["backend"], Guard)
